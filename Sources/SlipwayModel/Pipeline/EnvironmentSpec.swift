/// An environment and its connectors: how to deploy, where traffic is switched, what is measured, how health is asked.
package struct EnvironmentSpec: Codable, Sendable, Equatable {
  package var name: EnvironmentName
  /// Makes approval, gates, automatic rollback and evidence compulsory for every promotion into it.
  package var protected: Bool
  package var deploy: DeploySpec
  package var traffic: TrafficSpec
  package var metrics: MetricsSpec
  /// What is read beside the counts.
  package var gauges: [GaugeSpec]
  package var health: HealthSpec
  /// How to ask which version answers; nil when the service cannot say.
  package var version: VersionSpec?
  /// Nil where the environment has no data, or a promotion leaves them alone.
  package var data: DataSpec?
  /// What is looked at once a release serves there (E14); nil: nothing.
  package var after: AftercareSpec?

  package init(
    name: EnvironmentName, protected: Bool = false, deploy: DeploySpec, traffic: TrafficSpec,
    metrics: MetricsSpec = .dataPlane, gauges: [GaugeSpec] = [], health: HealthSpec = HealthSpec(),
    version: VersionSpec? = nil, data: DataSpec? = nil, after: AftercareSpec? = nil
  ) {
    self.after = after
    self.gauges = gauges
    self.name = name
    self.protected = protected
    self.deploy = deploy
    self.traffic = traffic
    self.metrics = metrics
    self.health = health
    self.version = version
    self.data = data
  }

  /// Where the service in `slot` listens, as `host:port`.
  package func address(of slot: Slot) -> String {
    switch deploy {
    case .processes(let spec): "127.0.0.1:\(slot == .a ? spec.portA : spec.portB)"
    case .commands(let spec): slot == .a ? spec.addressA : spec.addressB
    }
  }
}

/// How a release gets into a slot.
package enum DeploySpec: Codable, Sendable, Equatable {
  /// Slipway starts and supervises the service as a local process, one per slot.
  case processes(ProcessesSpec)
  /// Any deploy tool, called by command line.
  case commands(CommandsSpec)
}

/// A service run as a local process.
///
/// The command sees `PORT`, `SLIPWAY_RELEASE`, `SLIPWAY_ARTIFACT`, `SLIPWAY_DIGEST`, `SLIPWAY_COMMIT`, `SLIPWAY_SLOT`,
/// `SLIPWAY_ENVIRONMENT` and `SLIPWAY_RUN`.
package struct ProcessesSpec: Codable, Sendable, Equatable {
  /// Run by `sh -c`, in the foreground.
  package var run: String
  package var portA: Int
  package var portB: Int
  package var environment: [String: SecretText]
  /// Relative to the pipeline file's folder; nil is that folder.
  package var directory: String?
  /// How long a process may take to end after SIGTERM.
  package var stopGrace: Span

  package init(
    run: String, portA: Int, portB: Int, environment: [String: SecretText] = [:], directory: String? = nil,
    stopGrace: Span = .seconds(10)
  ) {
    self.run = run
    self.portA = portA
    self.portB = portB
    self.environment = environment
    self.directory = directory
    self.stopGrace = stopGrace
  }
}

/// A deploy tool called by command line, with the same variables in its environment as ``ProcessesSpec``.
package struct CommandsSpec: Codable, Sendable, Equatable {
  /// Deploys the release into the slot; must be harmless when repeated. Exit code 0 is success.
  package var run: String
  /// Prints the release (or digest) that the slot holds now, an empty line for none; nil when the tool cannot tell.
  package var readBack: String?
  /// Removes the release from the slot; nil keeps it.
  package var destroy: String?
  package var addressA: String
  package var addressB: String
  package var environment: [String: SecretText]
  package var directory: String?
  package var timeout: Span

  package init(
    run: String, readBack: String? = nil, destroy: String? = nil, addressA: String, addressB: String,
    environment: [String: SecretText] = [:], directory: String? = nil, timeout: Span = .minutes(10)
  ) {
    self.run = run
    self.readBack = readBack
    self.destroy = destroy
    self.addressA = addressA
    self.addressB = addressB
    self.environment = environment
    self.directory = directory
    self.timeout = timeout
  }
}

/// How health is asked: an HTTP path polled until it answers as expected (requirement A8).
package struct HealthSpec: Codable, Sendable, Equatable {
  package var path: String
  package var status: Int
  package var tries: Int
  package var every: Span
  package var timeout: Span

  package init(
    path: String = "/healthz", status: Int = 200, tries: Int = 36, every: Span = .seconds(10),
    timeout: Span = .seconds(5)
  ) {
    self.path = path
    self.status = status
    self.tries = tries
    self.every = every
    self.timeout = timeout
  }
}

/// How to ask which version answers: the body of `path` must contain the release id.
package struct VersionSpec: Codable, Sendable, Equatable {
  package var path: String
  package init(path: String) { self.path = path }
}
