internal import ArgumentParser
internal import AsyncHTTPClient
internal import Foundation
internal import SlipwayConnectors
internal import SlipwayModel

/// Drives one data plane as a promotion does, at the word of standard input, and says when each change was asked for and when it was read back.
@main
struct TrafficBench: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "traffic-bench",
    abstract:
      "One line in, green's percentage; one line out: percentage, asked at and read back at in ns of CLOCK_MONOTONIC.")

  @Option(help: "A TrafficSpec as JSON.") var spec: String
  @Option(help: "host:port of slot a, which is blue.") var a: String
  @Option(help: "host:port of slot b, which is green.") var b: String
  @Option(help: "The folder that paths start from; a router lives in it.") var folder: String
  @Option(help: "The slipway program, for its router.") var slipway: String

  func run() async throws {
    let client = HTTPClient(eventLoopGroupProvider: .singleton)
    do {
      try await drive(client)
      try await client.shutdown()
    } catch {
      try? await client.shutdown()
      throw error
    }
  }

  private func drive(_ client: HTTPClient) async throws {
    let environment = ["PATH": "/usr/sbin:/usr/bin:/bin"]
    let planes = PlaneCatalog(
      folder: folder, router: [slipway, "route", "serve"], environment: environment,
      secrets: SecretSource(environment: environment, folder: folder), client: client)
    let plane = try planes.plane(
      JSONDecoder().decode(TrafficSpec.self, from: Data(spec.utf8)), routerFolder: folder)
    var generation: UInt64 = 0
    while let line = readLine() {
      guard let percent = Int(line), (0...100).contains(percent) else {
        throw ValidationError("'\(line)' is no percentage")
      }
      generation += 1
      let wanted = Split(green: .b, percent: percent, blue: .a)
      let asked = Self.now()
      try await plane.apply(wanted, targets: [.a: a, .b: b], generation: generation)
      let found = try await plane.readSplit()
      let proved = Self.now()
      guard found == wanted else { throw ValidationError("asked for \(wanted), the data plane says \(found)") }
      print(percent, asked, proved)
      fflush(nil)
    }
  }

  /// The clock that client and services measure with.
  private static func now() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }
}
