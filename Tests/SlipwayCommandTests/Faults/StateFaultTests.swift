import Foundation
import Glibc
import Testing

@Suite("Faults of the machine", .serialized)
struct StateFaultTests {
  /// Whether this process may mount; containers often may not, even as root.
  static let mayMount: Bool = {
    let folder = "/tmp/swe-mount-\(getpid())"
    mkdir(folder, 0o700)
    defer { rmdir(folder) }
    guard mount("none", folder, "tmpfs", 0, "size=64k") == 0 else { return false }
    umount2(folder, 2)
    return true
  }()

  @Test(
    "F7, F1: the disk full in the middle: the run stops safely and says so, customers notice nothing, with space it goes on",
    .enabled(if: mayMount, "needs the right to mount a small file system"))
  func diskFull() async throws {
    try await Shop.with(\.shortPipeline) { shop in
      try FileManager.default.createDirectory(at: shop.state, withIntermediateDirectories: true)
      try #require(mount("none", shop.state.path, "tmpfs", 0, "size=16m") == 0)
      defer { umount2(shop.state.path, 2) }
      try await shop.open()
      try await Customers.order(at: shop.ports.front) { customers in
        try await shop.register("1.1.0")
        let run = try await shop.promote("1.1.0")
        try await shop.slipway("approve", run, "--as", "ann")
        let driver = try shop.driver()
        defer { driver.forget() }
        try await shop.wait(for: run, until: "green gets traffic") { $0.weights?.green ?? 0 > 0 || $0.isFinished }
        let filler = shop.state.appending(path: "filler")
        fill(filler)
        let code = try await driver.ended(within: .seconds(90))
        #expect(code == 1, "\(driver.text)\n\(driver.complaint)")
        #expect(driver.complaint.lowercased().contains("full"), "\(driver.complaint)")
        let stopped = try await shop.status(run)
        #expect(!stopped.isFinished && stopped.weights?.green ?? 0 <= 50, "\(stopped)")
        let refused = try await Program.run(["hold", run, "--as", "ann"], in: shop.folder)
        #expect(refused.code != 0 && !refused.complaint.isEmpty, "\(refused)")
        try FileManager.default.removeItem(at: filler)
        #expect(try await shop.drive(run).status == "success")
        try await customers.goHome()
        customers.tally.expectNothingLost()
      }
      try await shop.slipway("audit", "verify")
    }
  }

  /// Fills the disk to the last byte.
  private func fill(_ file: URL) {
    let descriptor = open(file.path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
    defer { close(descriptor) }
    let piece = [UInt8](repeating: 7, count: 65_536)
    var size = piece.count
    while size > 0 { if write(descriptor, piece, size) <= 0 { size /= 2 } }
  }

  @Test(
    "F7, F1: a clock moved by an hour or by days in the middle of a watch: nothing passes unmeasured, and the bad release comes back",
    arguments: [(0, 3_600), (0, 259_200), (0, -259_200), (259_200, 0)])
  func clock(first: Int, second: Int) async throws {
    try await Shop.with(\.shortPipeline) { shop in
      try await shop.open()
      try await Customers.order(at: shop.ports.front) { customers in
        try await shop.register("1.2.0", failsOneIn: 2)
        let run = try await shop.promote("1.2.0")
        try await shop.slipway("approve", run, "--as", "ann")
        let clock = try await ShiftedClock(in: shop.folder)
        try clock.set(.seconds(first))
        let before = try shop.driver(environment: clock.environment)
        try await shop.wait(for: run, until: "green gets traffic") { $0.weights?.green ?? 0 > 0 || $0.isFinished }
        try await before.crash()
        before.forget()
        try clock.set(.seconds(second))
        let driver = try shop.driver(environment: clock.environment)
        defer { driver.forget() }
        // The bad release must come back whatever the clock says.
        try await shop.slipway("watch", run, "--timeout", "90s", expecting: 3)
        #expect(try await shop.status(run).status == "rolled_back", "\(driver.text)\n\(driver.complaint)")
        try await customers.goHome()
        customers.tally.expectNothingLost(bad: ["1.2.0"])
      }
      try await shop.slipway("audit", "verify")
    }
  }
}
