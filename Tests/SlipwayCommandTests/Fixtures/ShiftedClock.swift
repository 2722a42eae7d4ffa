import Foundation

/// Lets a program see a wall clock that is off by what a file says, as if somebody set it, while timers and monotonic clocks run as they do.
///
/// Not libfaketime: it rewrites the absolute deadlines of timers on the boot clock too, so that under a negative offset, or one longer than the machine is up,
/// no sleep of a Swift program ever ends.
struct ShiftedClock {
  let folder: URL

  private static let source = """
    #define _GNU_SOURCE
    #include <dlfcn.h>
    #include <fcntl.h>
    #include <stdlib.h>
    #include <sys/time.h>
    #include <time.h>
    #include <unistd.h>
    static long shift(void) {
      char text[32] = {0};
      const char *path = getenv("SHIFT_FILE");
      int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
      if (file < 0) return 0;
      ssize_t length = read(file, text, sizeof text - 1);
      close(file);
      return length > 0 ? atol(text) : 0;
    }
    int clock_gettime(clockid_t clock, struct timespec *now) {
      static int (*real)(clockid_t, struct timespec *);
      if (!real) real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
      int result = real(clock, now);
      if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE) now->tv_sec += shift();
      return result;
    }
    int gettimeofday(struct timeval *now, void *zone) {
      struct timespec exact;
      int result = clock_gettime(CLOCK_REALTIME, &exact);
      now->tv_sec = exact.tv_sec;
      now->tv_usec = exact.tv_nsec / 1000;
      return result;
    }
    time_t time(time_t *out) {
      struct timespec now;
      clock_gettime(CLOCK_REALTIME, &now);
      if (out) *out = now.tv_sec;
      return now.tv_sec;
    }
    """

  /// Builds the library with the compiler that comes with Swift.
  init(in folder: URL) async throws {
    self.folder = folder
    try Data(Self.source.utf8).write(to: folder.appending(path: "shift.c"))
    let built = try await Program.run(
      "/usr/bin/env", ["clang", "-shared", "-fPIC", "-O1", "-o", "shift.so", "shift.c"], in: folder)
    guard built.code == 0 else { throw NeverHappened("the clock library is built: \(built)") }
    try set(.zero)
  }

  func set(_ offset: Duration) throws {
    // Renamed, so that nobody reads half a number.
    let draft = folder.appending(path: "shift.new")
    try Data("\(offset.components.seconds)".utf8).write(to: draft)
    guard rename(draft.path, file.path) == 0 else { throw NeverHappened("the clock is set") }
  }

  private var file: URL { folder.appending(path: "shift.txt") }

  var environment: [String: String] {
    ["LD_PRELOAD": folder.path + "/shift.so", "SHIFT_FILE": file.path]
  }
}
