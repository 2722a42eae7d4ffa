internal import Foundation
internal import SlipwayHost
internal import SlipwayModel

/// A host with short waits, and a command that starts one and ends: what the tests need of a real program.
///
/// `host-probe host DIR [LOG_BYTES]` runs a host. `host-probe ensure DIR` starts one as a command would and ends.
@main
struct HostProbe {
  static func main() async {
    let arguments = CommandLine.arguments
    guard arguments.count >= 3 else { exit(64) }
    switch arguments[1] {
    case "host":
      let policy = RestartPolicy(first: .milliseconds(100), longest: .seconds(2), steadyAfter: .seconds(60))
      let bytes = arguments.count > 3 ? Int(arguments[3]) ?? 65_536 : 65_536
      let limits = HostLimits(
        restart: policy, logBytes: bytes, logCheckEvery: .milliseconds(50), connections: 16, idle: .seconds(20))
      exit(HostServer.main(directory: arguments[2], limits: limits))
    case "ensure":
      let launcher = HostLauncher(command: [arguments[0], "host", arguments[2]], environment: [:])
      do {
        print(try await HostControl(directory: arguments[2], patience: .seconds(60)).ensureRunning(launcher).pid)
      } catch {
        print(error)
        exit(1)
      }
    default: exit(64)
    }
  }
}
