package import SlipwayModel

/// Bounds and rhythms of a host; the usual values suit production, tests shorten them.
package struct HostLimits: Sendable, Equatable {
  package var restart: RestartPolicy
  /// A log grows to about this and has one predecessor of the same size.
  package var logBytes: Int
  package var logCheckEvery: Span
  package var connections: Int
  /// A connection that says nothing for this long is closed.
  package var idle: Span

  package init(
    restart: RestartPolicy = RestartPolicy(), logBytes: Int = 10 << 20, logCheckEvery: Span = .seconds(1),
    connections: Int = 64, idle: Span = .seconds(30)
  ) {
    self.restart = restart
    self.logBytes = logBytes
    self.logCheckEvery = logCheckEvery
    self.connections = connections
    self.idle = idle
  }
}
