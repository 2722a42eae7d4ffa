// Colour backend: one epoll thread, answers with its colour, keeps exact arrival times in a shared file.
// usage: backend PORT COLOUR STATS_FILE [ERRORS_PER_MILLE]      (127.0.0.1 only)
// GET /            200, body = colour        GET /healthz   200 (health, not counted)
// GET /slow?ms=N   200 after N ms            GET /stream?n=N chunked, one chunk per 100 ms
// GET /ws          101 then one text frame per 100 ms for ever
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
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define RING (1u << 20)
struct stats { // read by ./run
  volatile uint64_t count, health, open, inflight, err, mode /*0 ok 1 answer 500 2 reset 3 delay 50 ms*/, accepted, done_last;
  volatile int64_t ring[RING]; // arrival time of request i at ring[i % RING], CLOCK_MONOTONIC ns
} *S;

struct conn { int fd, len, kind; /*0 idle 1 slow 2 stream 3 ws*/ int64_t due; int left; char buf[8192]; } *C[65536];
static int ep, errors; static const char *colour; static int active[65536], nactive;
static int64_t now(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec * 1000000000ll + t.tv_nsec; }
static void drop(struct conn *c) {
  for (int i = 0; i < nactive; i++) if (active[i] == c->fd) { active[i] = active[--nactive]; S->inflight--; break; }
  C[c->fd] = 0; close(c->fd); free(c); S->open--;
}
static int out(struct conn *c, const char *p, int n) { return send(c->fd, p, n, MSG_NOSIGNAL) == n ? 0 : -1; }
static int answer(struct conn *c, int code) {
  char b[256];
  int n = snprintf(b, sizeof b, "HTTP/1.1 %d %s\r\nX-Color: %s\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s\n",
                   code, code == 200 ? "OK" : "Error", colour, (int)strlen(colour) + 1, colour);
  S->done_last = now();
  if (code >= 500) S->err++;
  return out(c, b, n);
}
static void hold(struct conn *c, int kind, int64_t ms, int left) {
  c->kind = kind; c->due = now() + ms * 1000000; c->left = left; active[nactive++] = c->fd; S->inflight++;
}
static int request(struct conn *c, char *line) {
  if (!strncmp(line, "GET /healthz", 12)) { S->health++; return S->mode == 1 ? answer(c, 500) : answer(c, 200); }
  S->ring[S->count % RING] = now();
  __sync_synchronize();
  S->count++;
  if (S->mode == 1 || (errors && random() % 1000 < errors)) return answer(c, 500);
  if (S->mode == 2) { struct linger l = {1, 0}; setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &l, sizeof l); return -1; }
  if (S->mode == 3) { hold(c, 1, 50, 0); return 0; }
  if (!strncmp(line, "GET /slow?ms=", 13)) { hold(c, 1, atoi(line + 13), 0); return 0; }
  if (!strncmp(line, "GET /stream?n=", 14)) {
    char b[160]; int n = snprintf(b, sizeof b, "HTTP/1.1 200 OK\r\nX-Color: %s\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n", colour);
    hold(c, 2, 100, atoi(line + 14)); return out(c, b, n);
  }
  if (!strncmp(line, "GET /ws", 7)) {
    char b[200]; int n = snprintf(b, sizeof b, "HTTP/1.1 101 Switching Protocols\r\nX-Color: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n", colour);
    hold(c, 3, 100, 1 << 30); return out(c, b, n);
  }
  return answer(c, 200);
}
static int input(struct conn *c) {
  int r = recv(c->fd, c->buf + c->len, sizeof c->buf - 1 - c->len, MSG_DONTWAIT);
  if (r <= 0) return r < 0 && errno == EAGAIN ? 0 : -1;
  if (c->kind == 3) return 0;
  c->len += r; c->buf[c->len] = 0;
  char *e;
  while (c->kind == 0 && (e = strstr(c->buf, "\r\n\r\n"))) {
    int n = e + 4 - c->buf;
    *e = 0;
    if (request(c, c->buf)) return -1;
    memmove(c->buf, c->buf + n, c->len - n + 1); c->len -= n;
  }
  return c->len >= (int)sizeof c->buf - 1 ? -1 : 0;
}
static void timers(void) {
  int64_t t = now();
  for (int i = 0; i < nactive; i++) {
    struct conn *c = C[active[i]];
    if (c->due > t) continue;
    int bad = 0, fin = 0;
    if (c->kind == 1) { bad = answer(c, 200); fin = 1; }
    else if (c->kind == 2) { bad = out(c, "5\r\ntick\n\r\n", 10); if (--c->left <= 0) { bad |= out(c, "0\r\n\r\n", 5); fin = 1; } }
    else bad = out(c, "\x81\x04tick", 6);
    if (bad) { drop(c); i--; continue; }
    c->due = t + 100000000;
    if (fin) { c->kind = 0; active[i--] = active[--nactive]; S->inflight--; }
  }
}
int main(int n, char **a) {
  if (n < 4) return 2;
  signal(SIGPIPE, SIG_IGN);
  colour = a[2];
  errors = n > 4 ? atoi(a[4]) : 0;
  srandom(getpid());
  int f = open(a[3], O_RDWR | O_CREAT, 0644);
  if (f < 0 || ftruncate(f, sizeof *S)) return 1;
  S = mmap(0, sizeof *S, PROT_READ | PROT_WRITE, MAP_SHARED, f, 0);
  S->open = S->inflight = 0;
  int l = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1;
  setsockopt(l, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons(atoi(a[1])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (bind(l, (void *)&sa, sizeof sa) || listen(l, 4096)) { perror("bind"); return 1; }
  ep = epoll_create1(0);
  struct epoll_event ev = {.events = EPOLLIN, .data.fd = l}, evs[256];
  epoll_ctl(ep, EPOLL_CTL_ADD, l, &ev);
  for (;;) {
    int k = epoll_wait(ep, evs, 256, nactive ? 5 : -1);
    for (int i = 0; i < k; i++) {
      int fd = evs[i].data.fd;
      if (fd == l) {
        while ((fd = accept4(l, 0, 0, SOCK_NONBLOCK)) >= 0) {
          setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
          struct conn *c = C[fd] = calloc(1, sizeof *c);
          c->fd = fd; S->open++; S->accepted++;
          ev.events = EPOLLIN; ev.data.fd = fd; epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev);
        }
      } else if (C[fd] && input(C[fd])) drop(C[fd]);
    }
    if (nactive) timers();
  }
}
