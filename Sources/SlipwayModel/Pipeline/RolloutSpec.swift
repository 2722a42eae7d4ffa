/// How traffic moves to green: rising percentages, each followed by a watch. `[100]` alone is blue-green.
package struct RolloutSpec: Codable, Sendable, Equatable {
  /// Strictly rising, the last one 100.
  package var steps: [Int]
  /// How long each step is watched after its weight was read back.
  package var watch: Span

  package init(steps: [Int] = [10, 50, 100], watch: Span = .minutes(5)) {
    self.steps = steps
    self.watch = watch
  }
}

/// What is asked of green before it gets traffic, and of the front door at the end. Health is always asked.
package struct VerifySpec: Codable, Sendable, Equatable {
  package var beforeTraffic: [CheckSpec]
  package var afterRollout: [CheckSpec]

  package init(beforeTraffic: [CheckSpec] = [], afterRollout: [CheckSpec] = []) {
    self.beforeTraffic = beforeTraffic
    self.afterRollout = afterRollout
  }
}

/// One smoke test.
package enum CheckSpec: Codable, Sendable, Equatable {
  /// A GET that must answer with `status`, and with `contains` in its body where given; `${release}` is replaced.
  case http(name: String, path: String, status: Int, contains: String?, timeout: Span)
  /// A command that must exit 0; it sees `SLIPWAY_URL` and the variables of a deployment.
  case command(name: String, run: String, timeout: Span)
  /// A look at the data that the service works on (B6).
  case data(name: String, DataCheckSpec, timeout: Span)
  /// Somebody signs in and sees what only they may see (A9, B6).
  case signIn(name: String, SignInSpec, timeout: Span)

  package var name: String {
    switch self {
    case .http(let name, _, _, _, _), .command(let name, _, _), .data(let name, _, _), .signIn(let name, _, _): name
    }
  }
}

/// How a promotion is taken back.
package struct RollbackSpec: Codable, Sendable, Equatable {
  /// Whether a breach takes traffic back without asking; compulsory in a protected environment.
  package var automatic: Bool
  /// How long blue is kept startable after success.
  package var keepBlue: Span
  /// Whether green is left running after a rollback, for inspection.
  package var keepGreen: Bool
  /// Who may go back by hand; empty: whoever may approve.
  package var roles: [RoleName]
  /// What becomes of data that were written since the cutover, where going back leaves them behind.
  package var writes: LeftWrites
  /// How long what a slot still answers may go on when its traffic is gone, blue's after success and green's after going back; then it is cut. Nil: nobody looks.
  package var drain: Span?

  package init(
    automatic: Bool = true, keepBlue: Span = .hours(24), keepGreen: Bool = false, roles: [RoleName] = [],
    writes: LeftWrites = .ask, drain: Span? = .seconds(30)
  ) {
    self.drain = drain
    self.automatic = automatic
    self.keepBlue = keepBlue
    self.keepGreen = keepGreen
    self.roles = roles
    self.writes = writes
  }
}

/// What becomes of data that were written since the cutover, where going back leaves them behind (C7).
package enum LeftWrites: String, Codable, Sendable, CaseIterable {
  /// The run stops where it is and says what would be lost; a person decides.
  case ask
  /// It goes back by itself; what was written is kept under a dated name until the rollback window ends.
  case setAside = "set-aside"
}
