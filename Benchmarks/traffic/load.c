// Paced HTTP/1.1 keep-alive client (open loop, latency from the scheduled send time, so no coordinated omission).
// usage: load PORT RATE CONNS SECONDS PATH LOGFILE [close|-] [HEADER]       (127.0.0.1 only)
// One record per request in LOGFILE: int64 scheduled_ns, sent_ns, done_ns; int16 status; char colour; char kind
// kind: '.' answered  'r' reset/EOF on a reused connection  'n' reset/EOF on a new one  'c' connect failed  't' timeout (5 s)
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
struct rec { int64_t sched, sent, done; int16_t status; char colour, kind; char pad[4]; };
struct conn { int fd, busy, up, uses, len, need; struct rec r; char buf[16384]; } *C;
static int ep, port, N, closing; static FILE *lg; static char *path, *extra = "";
static int *idle, nidle; static int64_t closed_idle, reconnects, total;
static int64_t now(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec * 1000000000ll + t.tv_nsec; }
static void record(struct conn *c, char kind) { c->r.kind = kind; c->r.done = now(); fwrite(&c->r, sizeof c->r, 1, lg); c->busy = 0; total++; }
static void dial(int i) {
  struct conn *c = &C[i]; int one = 1;
  c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0); c->up = c->uses = c->len = c->need = 0;
  setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  connect(c->fd, (void *)&sa, sizeof sa);
  struct epoll_event e = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.u32 = i}; epoll_ctl(ep, EPOLL_CTL_ADD, c->fd, &e);
  reconnects++;
}
static void put(struct conn *c) {
  char b[1024]; int n = snprintf(b, sizeof b, "GET %s HTTP/1.1\r\nHost: app.test\r\n%s", path, extra);
  if (closing) n += snprintf(b + n, sizeof b - n, "Connection: close\r\n");
  n += snprintf(b + n, sizeof b - n, "\r\n");
  c->r.sent = now(); c->uses++;
  send(c->fd, b, n, MSG_NOSIGNAL | MSG_DONTWAIT);
}
static void start(int i, int64_t sched) { struct conn *c = &C[i]; memset(&c->r, 0, sizeof c->r); c->r.sched = sched; c->busy = 1; c->len = 0; c->need = 0; if (c->up) put(c); }
static void lost(int i) {
  struct conn *c = &C[i];
  if (c->busy) {
    if (c->up && c->need == -1) record(c, '.');
    else record(c, !c->up ? 'c' : c->uses > 1 ? 'r' : 'n');
    idle[nidle++] = i;
  } else closed_idle++;
  close(c->fd); c->fd = -1; // redialled when next used
  c->up = 0;
}
static void input(int i) {
  struct conn *c = &C[i];
  for (;;) {
    int r = recv(c->fd, c->buf + c->len, sizeof c->buf - 1 - c->len, MSG_DONTWAIT);
    if (r < 0 && errno == EAGAIN) return;
    if (r <= 0) { lost(i); return; }
    if (!c->busy) continue;
    c->len += r; c->buf[c->len] = 0;
    char *e;
    if (!c->need && (e = strstr(c->buf, "\r\n\r\n"))) {
      c->r.status = atoi(c->buf + 9); *e = 0;
      char *x = strcasestr(c->buf, "x-color: "), *l = strcasestr(c->buf, "content-length: "), *k = strcasestr(c->buf, "transfer-encoding: chunked");
      c->r.colour = x ? x[9] : '-'; c->need = l ? e + 4 - c->buf + atoi(l + 16) : k ? -2 : -1; *e = '\r';
    }
    if ((c->need > 0 && c->len >= c->need) || (c->need == -2 && c->len > 5 && !memcmp(c->buf + c->len - 5, "0\r\n\r\n", 5))) { record(c, '.'); c->len = c->need = 0; if (closing) { close(c->fd); c->fd = -1; c->up = 0; idle[nidle++] = i; return; } idle[nidle++] = i; }
  }
}
int main(int n, char **a) {
  if (n < 7) return 2;
  signal(SIGPIPE, SIG_IGN);
  port = atoi(a[1]); double rate = atof(a[2]); N = atoi(a[3]); double secs = atof(a[4]); path = a[5]; lg = fopen(a[6], "wb");
  closing = n > 7 && !strcmp(a[7], "close");
  if (n > 8) { extra = malloc(512); snprintf(extra, 512, "%s\r\n", a[8]); }
  C = calloc(N, sizeof *C); idle = calloc(N, sizeof(int)); ep = epoll_create1(0);
  for (int i = 0; i < N; i++) { dial(i); }
  struct epoll_event ev[256]; int64_t t0 = now() + 100000000, end = t0 + secs * 1e9, k = 0, late = 0;
  for (int i = N - 1; i >= 0; i--) idle[nidle++] = i;
  for (;;) {
    int64_t t = now();
    if (t > end + 6000000000ll || (t > end && nidle == N)) break;
    while (nidle && t0 + (int64_t)(k * 1e9 / rate) <= t && t0 + (int64_t)(k * 1e9 / rate) < end) {
      int i = idle[0]; memmove(idle, idle + 1, --nidle * sizeof *idle); // rotate over all connections
      if (C[i].fd < 0) dial(i);
      start(i, t0 + (int64_t)(k++ * 1e9 / rate));
    }
    if (!nidle) late++;
    int m = epoll_wait(ep, ev, 256, 1);
    for (int j = 0; j < m; j++) {
      int i = ev[j].data.u32; struct conn *c = &C[i];
      if (c->fd < 0) continue;
      if (!c->up) {
        int e = 0; socklen_t l = sizeof e; getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &e, &l);
        if (e || (ev[j].events & (EPOLLERR | EPOLLHUP))) { lost(i); continue; }
        if (ev[j].events & EPOLLOUT) { c->up = 1; if (c->busy) put(c); }
      }
      if (ev[j].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) input(i);
    }
    static int64_t lastscan; t = now();
    if (t - lastscan > 100000000) { lastscan = t; for (int i = 0; i < N; i++) if (C[i].busy && C[i].fd >= 0 && t - (C[i].r.sent ? C[i].r.sent : C[i].r.sched) > 5000000000ll) { record(&C[i], 't'); idle[nidle++] = i; close(C[i].fd); C[i].fd = -1; C[i].up = 0; } }
  }
  fclose(lg);
  printf("{\"requests\":%ld,\"dials\":%ld,\"idle_closed\":%ld}\n", total, reconnects, closed_idle);
}
