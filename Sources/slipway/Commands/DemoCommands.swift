internal import ArgumentParser
internal import Foundation
internal import SlipwayDemo
internal import SlipwayEngine
internal import SlipwayHost
internal import SlipwayModel
internal import SlipwayRouter
internal import SlipwayConnectors

struct DemoCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "demo",
    abstract: "A good release promoted and a bad one rolled back, on this machine, live, in about a minute.")

  @Option(name: .long, help: "The folder to play in; it stays afterwards.") var dir = "slipway-demo"
  @Option(name: .long, help: "Requests a second that customers send.") var rate = 150
  @Flag(name: .long, help: "Stop everything that an earlier demo left running in the folder, and end.") var stop = false
  @Flag(name: .long, help: "Stop what the demo started when it is over, instead of leaving it to play with.") var tidy =
    false
  @Flag(name: .long, help: "No colours.") var noColor = false

  func run() async throws {
    let folder = URL(filePath: dir, directoryHint: .isDirectory).absoluteURL.standardizedFileURL
    if stop { return try await DemoCleanUp.stop(folder) }
    if FileManager.default.fileExists(atPath: folder.appending(path: ".slipway").path) {
      throw CommandError(
        .usage,
        "\(dir) holds an earlier demo; stop it with: slipway demo --stop --dir \(dir), then remove the folder or name another with --dir"
      )
    }
    let program = try LiveCatalog.ownPath()
    let demo = try DemoFolder(at: folder, program: program)
    let script = DemoScript(demo, program: program, rate: rate, tidy: tidy, noColor: noColor)
    do {
      try await Interruption.stops { try await script.play() }
    } catch {
      try? await DemoCleanUp.stop(folder)
      if error is CancellationError {
        throw CommandError(.failed, "interrupted; everything that was started was stopped")
      }
      throw error
    }
    if tidy { try await DemoCleanUp.stop(folder) }
  }
}

/// The demo's own service, a hidden command so that the demo needs nothing but this program.
struct DemoServiceCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "demo-service", abstract: "The service of the demo.", shouldDisplay: false)

  @Argument(help: "The artifact: a version's behaviour as JSON.") var artifact: String
  @Option(name: .long, help: "Where to listen.") var port: Int

  func run() async throws { try await DemoService(artifact: URL(filePath: artifact), port: port).run() }
}

/// Ends the hosts, routers and processes of a demo folder.
enum DemoCleanUp {
  static func stop(_ folder: URL) async throws {
    let state = StateFolder(folder.appending(path: ".slipway", directoryHint: .isDirectory))
    for name in ["staging", "production"] {
      let environment = EnvironmentName(name)
      _ = try? await HostControl(directory: state.host(environment).path).shutdown(stopProcesses: true)
      _ = try? await RouterControl(path: RouterPlane.controlPath(state.router(environment).path)).shutdown()
    }
  }
}
