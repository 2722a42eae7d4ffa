import Foundation
import Glibc
import SlipwayConnectors
import SlipwayData
import SlipwayModel
import Testing

/// Runs programs to their end.
enum Probe {
  struct Ending {
    var code: Int32
    var text: String
    var wasKilled: Bool
  }

  static let path: String = {
    let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
    return URL(fileURLWithPath: own).deletingLastPathComponent().appending(path: "snapshot-probe").path
  }()

  static let mayTrace = FileManager.default.isExecutableFile(atPath: "/usr/bin/strace")

  static func run(_ words: [String]) async throws -> Ending {
    let process = Process()
    process.executableURL = URL(filePath: words[0])
    process.arguments = Array(words.dropFirst())
    // A crash would hang strace and program at each other: the backtracer traces too.
    process.environment = ProcessInfo.processInfo.environment.merging(["SWIFT_BACKTRACE": "enable=no"]) { $1 }
    let output = FileManager.default.temporaryDirectory.appending(path: "sw-out-\(UInt32.random(in: .min ... .max))")
    try Data().write(to: output)
    defer { try? FileManager.default.removeItem(at: output) }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = try FileHandle(forWritingTo: output)
    process.standardError = process.standardOutput
    try process.run()
    defer { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }
    try await eventually("\(words) ends", within: .seconds(120)) { !process.isRunning }
    return Ending(
      code: process.terminationStatus, text: (try? String(contentsOf: output, encoding: .utf8)) ?? "",
      wasKilled: process.terminationReason == .uncaughtSignal)
  }

  /// The probe with a system call that goes wrong: `fault` as strace's `inject` has it.
  static func run(_ words: [String], fault: String) async throws -> Ending {
    let call = String(fault.prefix { $0 != ":" })
    return try await run(
      ["/usr/bin/strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=\(call)", "-e", "inject=\(fault)", path] + words)
  }
}

@Suite("Snapshots: crashes and faults")
struct SnapshotFaultTests {
  /// What must hold whenever the maker ended, however it did.
  private func expectWhole(_ shop: SnapshotShop, _ what: String) async throws {
    let list = try shop.store.list()
    #expect(list.damaged.isEmpty, "\(what): \(list.damaged)")
    for snapshot in list.whole {
      let checks = await shop.store.verify(snapshot.id)
      #expect(checks.allPassed, "\(what): \(checks)")
    }
  }

  private static let kills =
    ["mkdirat:1", "mkdirat:9", "linkat:1", "linkat:30", "write:1", "write:5", "write:9", "openat:60", "openat:140"]
    + [
      "fsync:1", "fsync:2", "fsync:3", "fsync:4", "fsync:5", "fsync:40", "renameat2:1", "unlink:1", "flock:2",
      "fchmod:3",
    ]

  @Test(
    "F1, B5: kill -9 in every step of a snapshot: there is a whole one or none, and the next attempt succeeds",
    .enabled("needs strace", { Probe.mayTrace }), arguments: kills)
  func killed(call: String) async throws {
    try await SnapshotShop.with { shop in
      try shop.files.fill(40)
      try await shop.take("before", at: 1_779_000_000_000)
      try shop.files.fill(60, seed: 2)
      let words = call.split(separator: ":")
      let make = ["make", shop.store.folder, "it", shop.files.folder.path]
      let ending = try await Probe.run(make, fault: "\(words[0]):signal=KILL:when=\(words[1])")
      try await expectWhole(shop, "\(call): \(ending.text)")
      // A kill before or after the name was given: both are right.
      if try shop.store.snapshot("it") == nil {
        let next = try await Probe.run([Probe.path] + make)
        #expect(next.code == 0 && next.text == "done\n", "\(next)")
      }
      try await expectWhole(shop, "after \(call)")
      let draft = try shop.store.begin("next")
      await draft.discard()
      #expect(try FileManager.default.contentsOfDirectory(atPath: shop.store.folder + "/.making").isEmpty)
      #expect(try shop.store.list().whole.map(\.id) == ["before", "it"])
    }
  }

  @Test(
    "F1: kill -9 while a snapshot is restored or deleted: the folder is whole or not there, a repeat succeeds",
    .enabled("needs strace", { Probe.mayTrace }),
    arguments: [
      "mkdirat:2", "write:20", "fchmod:5", "syncfs:1", "renameat2:1", "fsync:1", "unlinkat:1", "unlinkat:30",
      "unlink:3",
    ])
  func killedUse(call: String) async throws {
    try await SnapshotShop.with { shop in
      try shop.files.fill(80)
      try await shop.take("it")
      let words = call.split(separator: ":")
      let fault = "\(words[0]):signal=KILL:when=\(words[1])"
      let target = shop.store.folder + "-r/files"
      let restore = ["restore", shop.store.folder, "it", target]
      _ = try await Probe.run(restore, fault: fault)
      if access(target, F_OK) != 0 {
        let next = try await Probe.run([Probe.path] + restore)
        #expect(next.code == 0, "\(call): \(next)")
      }
      #expect(tree(target) == tree(shop.files.folder.path), "\(call)")
      let delete = ["delete", shop.store.folder, "it"]
      _ = try await Probe.run(delete, fault: fault)
      try await expectWhole(shop, call)
      #expect(try await Probe.run([Probe.path] + delete).code == 0)
      await (try shop.store.begin("next")).discard()
      #expect(try FileManager.default.contentsOfDirectory(atPath: shop.store.folder + "/.making").isEmpty)
      #expect(try shop.store.list().whole.isEmpty)
    }
  }

  @Test(
    "F1: EIO and ENOSPC in every kind of call: refused with what to do, nothing left, the source untouched",
    .enabled("needs strace", { Probe.mayTrace }),
    arguments: [
      "write:error=EIO:when=3+", "fsync:error=EIO:when=2+", "syncfs:error=EIO", "read:error=EIO:when=90+",
      "write:error=ENOSPC:when=6+", "fchmod:error=EPERM:when=4+", "renameat2:error=EIO", "futimens:error=EIO",
    ])
  func failingCalls(fault: String) async throws {
    try await SnapshotShop.with { shop in
      // So many that the whole disk is flushed at once.
      try shop.files.fill(fault.hasPrefix("syncfs") ? 1_100 : 200, size: 64)
      let source = tree(shop.files.folder.path)
      let fault = fault.replacing("futimens", with: "utimensat")
      let ending = try await Probe.run(["make", shop.store.folder, "it", shop.files.folder.path], fault: fault)
      // Words of the probe itself are written by the same call.
      if !fault.hasPrefix("write") {
        #expect(ending.code == 1 && ending.text.hasPrefix("error refused"), "\(fault): \(ending)")
      } else {
        #expect(ending.code == 1, "\(fault): \(ending)")
      }
      #expect(try shop.store.list().whole.isEmpty)
      #expect(tree(shop.files.folder.path) == source)
      let next = try await Probe.run([Probe.path, "make", shop.store.folder, "it", shop.files.folder.path])
      #expect(next.code == 0, "\(next)")
      try await expectWhole(shop, fault)
      #expect(try FileManager.default.contentsOfDirectory(atPath: shop.store.folder + "/.making").isEmpty)
    }
  }

  @Test(
    "F1: a full disk: the message says so, nothing is left, and with room again it succeeds",
    .enabled("needs root", { geteuid() == 0 }))
  func diskFull() async throws {
    try await withScratchFolder { folder in
      let files = try FileStore(folder.appending(path: "files"))
      let references = try files.fill(300, size: 8_000)
      let disk = folder.path + "/disk"
      mkdir(disk, 0o700)
      try #require(try await Probe.run(["/bin/mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk]).code == 0)
      defer { umount2(disk, Int32(MNT_DETACH)) }
      let store = SnapshotStore(folder: disk + "/snapshots")
      func take() async throws -> Snapshot {
        let draft = try store.begin("it")
        try SnapshotShop.dump(into: draft)
        do {
          try await draft.addFiles(from: files.folder.path, names: .sha1, references: references)
          return try await store.publish(draft, SnapshotShop.contents(references: references))
        } catch {
          await draft.discard()
          throw error
        }
      }
      let error = await #expect(throws: ConnectorError.self) { try await take() }
      #expect(error?.message.contains("free space on that disk") == true, "\(String(describing: error))")
      #expect(try store.list().whole.isEmpty)
      #expect(try FileManager.default.contentsOfDirectory(atPath: disk + "/snapshots/.making").isEmpty)
      try #require(try await Probe.run(["/bin/mount", "-o", "remount,size=50m", disk]).code == 0)
      _ = try await take()
      #expect(await store.verify("it").allPassed)
    }
  }

  @Test("memory stays flat while size grows", .timeLimit(.minutes(5)))
  func memory() async throws {
    try await withScratchFolder { folder in
      var peaks: [Int] = []
      for (name, size) in [("small", 8_000_000), ("large", 240_000_000)] {
        let files = try FileStore(folder.appending(path: name))
        try files.fill(2_000, size: 64)
        var random = SeededRandom(seed: 5)
        let block = Data((0..<125_000).flatMap { _ in withUnsafeBytes(of: random.next()) { Array($0) } })
        let file = try FileHandle(forWritingTo: Self.made(files.folder.appending(path: "big")))
        for _ in 0..<(size / block.count) { try file.write(contentsOf: block) }
        try file.close()
        let ending = try await Probe.run([Probe.path, "make", folder.path + "/store-\(name)", "it", files.folder.path])
        let words = ending.text.split(whereSeparator: \.isWhitespace)
        #expect(ending.code == 0 && words.count == 1, "\(ending)")
        let peak = try await Probe.run([
          "/bin/sh", "-c",
          "\"$@\" >/dev/null & pid=$!; peak=0; "
            + "while m=$(sed -n 's/^VmHWM:[^0-9]*\\([0-9]*\\).*/\\1/p' /proc/$pid/status 2>/dev/null) && [ -n \"$m\" ]; do peak=$m; sleep 0.01; done; "
            + "wait $pid; echo $peak", "sh", Probe.path, "restore", folder.path + "/store-\(name)", "it",
          folder.path + "/r-\(name)",
        ])
        peaks.append(try #require(Int(peak.text.trimmingCharacters(in: .whitespacesAndNewlines)), "\(peak)"))
      }
      #expect(peaks[1] < peaks[0] + 16_000, "kilobytes: \(peaks)")
    }
  }

  private static func made(_ file: URL) throws -> URL {
    try Data().write(to: file)
    return file
  }
}
