"""Rules that languages share: each module makes its rules from the words of one."""
