import Foundation
import Glibc

/// The files of the journal, as a power cut leaves them.
struct Disk {
  let folder: String

  private var database: String { folder + "/journal.sqlite" }
  private var log: String { folder + "/journal.sqlite-wal" }

  /// What lies in database and log.
  struct Image {
    var database: Data
    var log: Data
  }

  var image: Image {
    Image(
      database: (try? Data(contentsOf: URL(fileURLWithPath: database))) ?? Data(),
      log: (try? Data(contentsOf: URL(fileURLWithPath: log))) ?? Data())
  }

  /// Puts back what lay there, without the index of the log, which lives in memory.
  func restore(_ image: Image) {
    try? image.database.write(to: URL(fileURLWithPath: database))
    try? image.log.write(to: URL(fileURLWithPath: log))
    unlink(folder + "/journal.sqlite-shm")
  }

  /// The log when so many thousandths of what a commit wrote have reached the disk: it is written front to back, so a first part is new, the rest as it was.
  static func torn(_ before: Data, _ after: Data, permille: Int) -> Data {
    let same = common(before, after)
    let cut = same + (after.count - same) * permille / 1_000
    return after.prefix(cut) + before.dropFirst(cut)
  }

  /// How many bytes are the same at the beginning, in whole sectors.
  private static func common(_ before: Data, _ after: Data) -> Int {
    let sector = 512
    var same = 0
    before.withUnsafeBytes { old in
      after.withUnsafeBytes { new in
        while same + sector <= min(old.count, new.count), let left = old.baseAddress, let right = new.baseAddress,
          memcmp(left + same, right + same, sector) == 0
        {
          same += sector
        }
      }
    }
    return same
  }

  /// Lets no file grow by more than `bytes` beyond the log's present size while `work` runs, which is how a full disk shows: a write that ends early.
  func full<Value>(after bytes: Int, _ work: () -> Value) -> Value {
    var limit = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
    let former = limit
    var status = stat()
    stat(log, &status)
    limit.rlim_cur = rlim_t(max(0, Int(status.st_size) + bytes))
    setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
    defer {
      var former = former
      setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &former)
    }
    return work()
  }
}
