internal import Foundation
internal import SlipwayHost
package import SlipwayModel

/// Deploys by running the service as a local process, one per slot, under a host that outlives this command.
package struct ProcessDeployer: Deployer {
  private let spec: ProcessesSpec
  private let folder: String
  private let inherited: [String: String]
  private let secrets: SecretSource
  private let control: HostControl
  private let launcher: HostLauncher

  /// - Parameters:
  ///   - spec: what to run and where it listens.
  ///   - folder: the pipeline file's folder.
  ///   - hostFolder: where the environment's host keeps its state.
  ///   - program: the command that runs a host, to which `--dir` is added.
  ///   - inherited: variables that host and processes get.
  ///   - secrets: resolves references in the spec's variables.
  package init(
    _ spec: ProcessesSpec, folder: String, hostFolder: String, program: [String], inherited: [String: String],
    secrets: SecretSource
  ) {
    self.spec = spec
    self.folder = folder
    self.inherited = inherited
    self.secrets = secrets
    control = HostControl(directory: hostFolder)
    launcher = HostLauncher(command: program + ["--dir", hostFolder], environment: inherited)
  }

  package func deploy(_ deployment: Deployment) async throws(ConnectorError) -> String {
    // Before a host is started: a missing secret is the file's mistake, and nothing needs to run to say so.
    let launch = try launch(deployment)
    let status = try await asking { () throws(HostError) in
      try await control.ensureRunning(launcher)
      // The candidate's slot may still hold an older release; blue never lives there.
      return try await control.start(launch, in: deployment.slot, replace: true, grace: spec.stopGrace)
    }
    return "process \(status.pid.map(String.init) ?? "?") in slot \(deployment.slot) on port \(port(deployment.slot))"
  }

  package func contents(of deployment: Deployment) async throws(ConnectorError) -> SlotContents {
    let status = try await asking { () throws(HostError) in try await control.ensureRunning(launcher)[deployment.slot] }
    switch status.state {
    case .stopped: return .empty
    case .running, .starting, .backoff, .stopping, .gaveUp, .exited:
      return status.release.map(SlotContents.release) ?? .empty
    }
  }

  package func destroy(_ deployment: Deployment) async throws(ConnectorError) -> String {
    _ = try await asking { () throws(HostError) in
      try await control.ensureRunning(launcher)
      return try await control.stop(deployment.slot, grace: spec.stopGrace)
    }
    return "slot \(deployment.slot) stopped"
  }

  package func crashes(_ slot: Slot) async throws(ConnectorError) -> Int? {
    try await asking { () throws(HostError) in try await control.ensureRunning(launcher)[slot].crashes }
  }

  /// The process that runs in the slot now; nil when none does.
  package func process(in slot: Slot) async throws(ConnectorError) -> Int32? {
    try await asking { () throws(HostError) in try await control.ensureRunning(launcher)[slot].pid }
  }

  private func port(_ slot: Slot) -> Int { slot == .a ? spec.portA : spec.portB }

  private func launch(_ deployment: Deployment) throws(ConnectorError) -> Launch {
    var environment = inherited.merging(deployment.variables) { $1 }
    environment["PORT"] = String(port(deployment.slot))
    for (name, text) in spec.environment {
      try secrets.resolve(text).reveal { environment[name] = $0 }
    }
    let place = spec.directory.map { $0.hasPrefix("/") ? $0 : folder + "/" + $0 } ?? folder
    return Launch(
      command: ["/bin/sh", "-c", spec.run], environment: environment, directory: place,
      instance: "\(deployment.run)-\(deployment.slot)", release: deployment.release.id,
      digest: deployment.release.digest)
  }

  private func asking<Value: Sendable>(
    _ body: () async throws(HostError) -> Value
  ) async throws(ConnectorError) -> Value {
    do throws(HostError) { return try await body() } catch { throw Self.translated(error) }
  }

  private static func translated(_ error: HostError) -> ConnectorError {
    switch error.code {
    case .timedOut: ConnectorError(.timedOut, error.message)
    case .unreachable: ConnectorError(.unreachable, error.message)
    case .garbage: ConnectorError(.garbage, error.message)
    default: ConnectorError(error.isRefusal ? .refused : .misconfigured, error.message)
    }
  }
}
