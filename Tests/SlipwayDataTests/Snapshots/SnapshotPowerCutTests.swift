import Foundation
import Glibc
import SlipwayConnectors
import SlipwayData
import SlipwayModel
import Testing

/// The disk is shut down under everything, and what it has kept is what there is.
@Suite("Snapshots: power cut", .serialized)
struct SnapshotPowerCutTests {
  private static func run(_ words: String...) async throws -> Int32 {
    try await Probe.run(["/usr/bin/env"] + words).code
  }

  static func mayShutDown() async throws -> Bool {
    guard geteuid() == 0, access("/dev/loop-control", W_OK) == 0 else { return false }
    return try await withDisk { folder, _ in try await run("xfs_io", "-x", "-c", "shutdown", folder) == 0 } ?? false
  }

  /// Runs `body` with a small ext4 mounted in a folder of its own; nil when it cannot be mounted.
  private static func withDisk<Value>(_ body: (String, String) async throws -> Value) async throws -> Value? {
    let name = "/tmp/sws-disk-\(UInt32.random(in: .min ... .max))"
    defer {
      umount2(name, Int32(MNT_DETACH))
      rmdir(name)
      unlink(name + ".img")
    }
    mkdir(name, 0o700)
    guard try await run("truncate", "-s", "48M", name + ".img") == 0,
      try await run("mkfs.ext4", "-q", name + ".img") == 0,
      try await run("mount", "-o", "loop", name + ".img", name) == 0
    else { return nil }
    return try await body(name, name + ".img")
  }

  /// Cuts the power of the disk at `folder` and brings it back.
  private func cut(_ folder: String, _ image: String, flushed: Bool) async throws {
    #expect(try await Self.run("xfs_io", "-x", "-c", flushed ? "shutdown -f" : "shutdown", folder) == 0)
    try await eventually("the disk is let go of") { umount2(folder, 0) == 0 }
    #expect(try await Self.run("mount", "-o", "loop", image, folder) == 0)
  }

  @Test(
    "B5: after a snapshot or a restore was reported, a power cut takes nothing of it",
    .enabled("needs root, a loop device, ext4 and xfs_io", mayShutDown))
  func afterwards() async throws {
    try await Self.withDisk { folder, image in
      try await withScratchFolder { elsewhere in
        let files = try FileStore(elsewhere.appending(path: "files"))
        try files.fill(300)
        let store = SnapshotStore(folder: folder + "/snapshots")
        let make = try await Probe.run([Probe.path, "make", store.folder, "it", files.folder.path])
        #expect(make.text == "done\n", "\(make)")
        try await cut(folder, image, flushed: false)
        #expect(await store.verify("it").allPassed)
        let restore = try await Probe.run([Probe.path, "restore", store.folder, "it", folder + "/restored"])
        #expect(restore.text == "done\n", "\(restore)")
        try await cut(folder, image, flushed: false)
        #expect(tree(folder + "/restored") == tree(files.folder.path))
        #expect(try await Probe.run([Probe.path, "delete", store.folder, "it"]).code == 0)
        try await cut(folder, image, flushed: false)
        #expect(try store.snapshot("it") == nil)
      }
    }
  }

  @Test(
    "B5: a power cut at any instant leaves a whole snapshot or none",
    .enabled("needs root, a loop device, ext4 and xfs_io", mayShutDown),
    arguments: 0..<6)
  func during(seed: Int) async throws {
    var random = SeededRandom(seed: UInt64(seed) + 7)
    try await Self.withDisk { folder, image in
      try await withScratchFolder { elsewhere in
        let files = try FileStore(elsewhere.appending(path: "files"))
        try files.fill(400)
        let store = SnapshotStore(folder: folder + "/snapshots")
        let task = Task { try await Probe.run([Probe.path, "make", store.folder, "it", files.folder.path]) }
        try await Task.sleep(for: .milliseconds(Int.random(in: 5...400, using: &random)))
        #expect(try await Self.run("xfs_io", "-x", "-c", seed % 3 == 2 ? "shutdown -f" : "shutdown", folder) == 0)
        _ = try await task.value
        try await eventually("the disk is let go of") { umount2(folder, 0) == 0 }
        #expect(try await Self.run("mount", "-o", "loop", image, folder) == 0)
        #expect(try store.list().damaged.isEmpty)
        if try store.snapshot("it") != nil { #expect(await store.verify("it").allPassed) }
        if try store.snapshot("it") == nil {
          let make = try await Probe.run([Probe.path, "make", store.folder, "it", files.folder.path])
          #expect(make.code == 0, "\(make)")
        }
        #expect(await store.verify("it").allPassed)
      }
    }
  }
}
