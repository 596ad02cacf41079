/* Speak the arguments: cc -o speak speak.c && ./speak The kettle is on.
   It asks again as docs/reference/protocol.md says, so that a restart of the daemon loses nothing. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum outcome { DONE, FAILED, LOST };

static char id[37];             /* the utterance's, so that it can be asked for again */
static bool answered, started; /* on any connection */

/* The arguments as a JSON string; UTF-8 passes as it is. */
static void put_text(FILE *out, char **words) {
  for (; *words; words++) {
    for (const char *text = *words; *text; text++) {
      unsigned char c = (unsigned char)*text;
      if (c == '"' || c == '\\')
        fprintf(out, "\\%c", c);
      else if (c < 0x20)
        fprintf(out, "\\u%04x", c);
      else
        putc(c, out);
    }
    if (words[1]) putc(' ', out);
  }
}

/* The number after "name": in a line of ours, which has no spaces; 0 if it is not there. */
static long number(const char *line, const char *name) {
  const char *found = strstr(line, name);
  return found ? strtol(found + strlen(name), NULL, 10) : 0;
}

static FILE *reach(void) {
  const char *path = getenv("EDGE_VOICE_SOCKET"), *runtime = getenv("XDG_RUNTIME_DIR");
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  snprintf(address.sun_path, sizeof address.sun_path, "%s",
           path ? path : "/run/edge-voice/edge-voice.sock");
  if (!path && runtime && access(address.sun_path, F_OK) != 0)
    snprintf(address.sun_path, sizeof address.sun_path, "%s/edge-voice.sock", runtime);
  int daemon = socket(AF_UNIX, SOCK_STREAM, 0);
  if (connect(daemon, (struct sockaddr *)&address, sizeof address) == 0) return fdopen(daemon, "r+");
  int why = errno;
  close(daemon);
  errno = why;
  return NULL;
}

/* Ask once, on a connection of its own, and tell what becomes of it. */
static enum outcome ask(char **words) {
  FILE *daemon = reach();
  if (!daemon) return LOST;
  bool anew = !started;
  fputs("{\"type\":\"speak\",\"data\":{\"text\":\"", daemon);
  put_text(daemon, words);
  fprintf(daemon, "\",\"id\":\"%s\",\"again\":\"%s\"}}\n", id, anew ? "speak" : "report");
  fflush(daemon);

  enum outcome outcome = LOST; /* until the speech has ended */
  char *line = NULL;
  size_t size = 0;
  while (outcome == LOST && getline(&line, &size, daemon) > 0) {
    char type[65] = "", data[1024] = "";
    if (sscanf(line, "{\"type\":\"%64[^\"]", type) != 1) break;
    size_t length = (size_t)number(line, "\"data_length\":"), kept = 0;
    for (int c; length > 0 && (c = getc(daemon)) != EOF; length--)
      if (kept + 1 < sizeof data) data[kept++] = (char)c;
    if (length > 0) break;
    answered = true;
    bool shutdown = strstr(data, "\"reason\":\"shutdown\"") != NULL;
    bool end = strcmp(type, "speak-finished") == 0 || strcmp(type, "speak-cancelled") == 0;
    if (shutdown && !started) break; /* it was not begun */
    if (strcmp(type, "error") == 0 || shutdown) {
      fputs(data, stderr);
      outcome = FAILED;
    } else {
      if (anew || end) puts(type);
      if (strcmp(type, "speak-started") == 0) started = true;
      if (end) outcome = DONE;
    }
  }
  free(line);
  fclose(daemon);
  return outcome;
}

int main(int count, char **words) {
  const char *patience = getenv("EDGE_VOICE_PATIENCE_S");
  const int tries = (int)(5 * (patience ? strtod(patience, NULL) : 10));
  FILE *random = fopen("/proc/sys/kernel/random/uuid", "r");
  if (count < 2 || !random || !fgets(id, sizeof id, random)) return 2;
  fclose(random);
  for (int left = tries;; left--) {
    enum outcome outcome = ask(words + 1);
    if (outcome != LOST) return outcome == DONE ? 0 : 1;
    if (answered) left = tries;
    answered = false;
    if (left <= 0) {
      perror("the daemon went away");
      return 1;
    }
    usleep(200000);
  }
}
