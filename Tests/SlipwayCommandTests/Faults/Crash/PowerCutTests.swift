import Foundation
import Glibc
import Testing

/// The power cut: the state's own ext4 is shut down under everything, all processes die at once, and what the disk has kept is what there is.
@Suite("Power cut", .serialized)
struct PowerCutTests {
  private static func run(_ words: String...) async throws -> Program.Output {
    try await Program.run("/usr/bin/env", words, in: URL(filePath: "/tmp"))
  }

  /// Whether an ext4 can be made, mounted from a file and shut down; containers often may not.
  static func mayShutDown() async throws -> Bool {
    guard geteuid() == 0, access("/dev/loop-control", W_OK) == 0 else { return false }
    return try await withDisk { folder, _ in try await run("xfs_io", "-x", "-c", "shutdown", folder).code == 0 }
      ?? false
  }

  /// Runs `body` with a small ext4 mounted in a folder of its own; nil when it cannot be mounted.
  private static func withDisk<Value>(_ body: (String, String) async throws -> Value) async throws -> Value? {
    let name = "/tmp/swe-disk-\(UInt32.random(in: .min ... .max))"
    defer {
      umount2(name, Int32(MNT_DETACH))
      rmdir(name)
      unlink(name + ".img")
    }
    mkdir(name, 0o700)
    guard try await run("truncate", "-s", "48M", name + ".img").code == 0,
      try await run("mkfs.ext4", "-q", name + ".img").code == 0,
      try await run("mount", "-o", "loop", name + ".img", name).code == 0
    else { return nil }
    return try await body(name, name + ".img")
  }

  @Test(
    "F1, F4: the power cut at a random instant: what was acknowledged is there, the journal verifies, the run goes on and ends",
    .enabled("needs root, a loop device, ext4 and xfs_io", mayShutDown), arguments: 0..<max(3, Shop.rounds / 8))
  func cut(seed: Int) async throws {
    var random = SeededRandom(seed: UInt64(seed) &+ 77)
    try await Self.withDisk { folder, image in
      try await Shop.with(\.shortPipeline) { shop in
        try FileManager.default.createSymbolicLink(atPath: shop.state.path, withDestinationPath: folder)
        try await shop.open()
        let run = try await shop.agreed("1.1.0")
        let driver = try shop.driver()
        try await Task.sleep(for: .milliseconds(Int.random(in: 0...3_500, using: &random)))
        #expect(try await Self.run("xfs_io", "-x", "-c", "shutdown", folder).code == 0)
        driver.forget()
        try await killAll(of: shop)
        try await eventually("the disk is let go of") { umount2(folder, 0) == 0 }
        #expect(try await Self.run("mount", "-o", "loop", image, folder).code == 0)
        try await shop.slipway("audit", "verify")
        let known = try await shop.status(run)
        #expect(known.status != "requested" || known.steps.count > 3, "the approval that was acknowledged: \(known)")
        try await shop.withDriver { _ in
          // Everybody's services are started again by it; customers come back and the watch has something to look at.
          try await eventually("the front door opens") {
            var ask = HTTPAsk(port: shop.ports.front)
            return (try? ask.get("/version")) != nil
          }
          try await Customers.order(at: shop.ports.front) { customers in
            try await shop.wait(for: run, until: "it ends") { $0.isFinished }
            let lost = customers.tally.lost.count
            try await eventually("orders arrive") { customers.tally.served.values.reduce(0, +) > 20 }
            #expect(customers.tally.lost.count == lost, "\(customers.tally)")
          }
        }
        // The cut may count as a crash of green, which takes it back: both endings are right, and the world must be as the run says.
        let ending = Aftermath.Ending(outcomes: ["success", "rolled_back", "failed"], success: "1.1.0", else: "1.0.0")
        let outcome = try await Aftermath(shop: shop, run: run).expect(ending)
        print("power cut \(seed): journal whole, approval kept, run ended \(outcome)")
      }
    }
  }

  /// Nothing outlives a power cut.
  private func killAll(of shop: Shop) async throws {
    try await eventually("nothing runs any more") {
      let left = shop.processes()
      for process in left { kill(process.pid, SIGKILL) }
      return left.isEmpty
    }
  }
}
