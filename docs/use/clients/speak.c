/* Speak the arguments: cc -o speak speak.c && ./speak The kettle is on. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* The text as a JSON string; UTF-8 passes as it is. */
static void put_text(FILE *out, const char *text) {
  for (; *text; text++) {
    unsigned char c = (unsigned char)*text;
    if (c == '"' || c == '\\')
      fprintf(out, "\\%c", c);
    else if (c < 0x20)
      fprintf(out, "\\u%04x", c);
    else
      putc(c, out);
  }
}

/* The number after "name": in a line of ours, which has no spaces; 0 if it is not there. */
static long number(const char *line, const char *name) {
  const char *found = strstr(line, name);
  return found ? strtol(found + strlen(name), NULL, 10) : 0;
}

int main(int count, char **words) {
  const char *path = getenv("EDGE_VOICE_SOCKET");
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  snprintf(address.sun_path, sizeof address.sun_path, "%s",
           path ? path : "/run/edge-voice/edge-voice.sock");
  int daemon = socket(AF_UNIX, SOCK_STREAM, 0);
  if (connect(daemon, (struct sockaddr *)&address, sizeof address) != 0) {
    perror(address.sun_path);
    return 1;
  }
  FILE *out = fdopen(dup(daemon), "w"), *in = fdopen(daemon, "r");
  fputs("{\"type\":\"speak\",\"data\":{\"text\":\"", out);
  for (int i = 1; i < count; i++) {
    put_text(out, words[i]);
    if (i + 1 < count) putc(' ', out);
  }
  fputs("\"}}\n", out);
  fclose(out);

  char *line = NULL;
  size_t size = 0;
  int status = 1; /* until the speech has ended */
  while (getline(&line, &size, in) > 0) {
    char type[65] = "";
    if (sscanf(line, "{\"type\":\"%64[^\"]", type) != 1) break;
    puts(type);
    int failed = strcmp(type, "error") == 0;
    long rest = number(line, "\"data_length\":") + number(line, "\"payload_length\":");
    for (; rest > 0; rest--) {
      int c = getc(in);
      if (failed) putc(c, stderr);
    }
    if (strcmp(type, "speak-finished") == 0 || strcmp(type, "speak-cancelled") == 0) status = 0;
    if (failed || status == 0) break;
  }
  free(line);
  fclose(in);
  return status;
}
