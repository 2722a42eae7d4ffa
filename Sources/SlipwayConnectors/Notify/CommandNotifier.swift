internal import Foundation
package import SlipwayModel

/// Tells people through the commands of the pipeline file, the message as JSON on standard input.
package struct CommandNotifier: Sendable {
  private let specs: [NotifySpec]
  private let runner: CommandRunner
  private static let timeout = Span.seconds(30)

  package init(_ specs: [NotifySpec], runner: CommandRunner) {
    self.specs = specs
    self.runner = runner
  }

  /// Runs every command; what failed is returned in words, for nothing may wait for a messenger.
  package func tell(_ message: Message) async -> String? {
    guard let data = try? CanonicalJSON.encodeForUsers(message) else { return "the message cannot be written as JSON" }
    var failures: [String] = []
    for spec in specs {
      do throws(ConnectorError) {
        let output = try await runner.run(
          spec.run, variables: ["SLIPWAY_EVENT": message.event, "SLIPWAY_RUN": message.run.text],
          references: spec.environment, input: String(decoding: data, as: UTF8.self) + "\n", timeout: Self.timeout)
        if output.code != 0 { failures.append("'\(spec.run)' ended with code \(output.code): \(output.ending)") }
      } catch {
        failures.append(error.message)
      }
    }
    return failures.isEmpty ? nil : failures.joined(separator: "; ")
  }
}
