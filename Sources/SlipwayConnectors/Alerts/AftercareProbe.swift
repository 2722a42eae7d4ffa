package import SlipwayModel

/// Asks what only the phases after a deployment want to know (E14, C8).
package protocol AftercareProbe: Sendable {
  /// The alerts that are active and neither silenced nor inhibited, oldest first.
  func activeAlerts(_ spec: AlertsSpec) async throws(ConnectorError) -> [ActiveAlert]

  /// Whether there are rules for what must be watched, and whether an alert that bears `labels` gets through; everything is looked at, whatever is found
  /// first, and what could not be asked has not passed.
  func monitoring(
    _ spec: MonitoringSpec, about labels: [String: String], at now: Timestamp
  ) async throws(ConnectorError) -> [CheckOutcome]

  /// A business figure; nil where the answer holds no number.
  func figure(_ spec: FigureSpec, of deployment: Deployment) async throws(ConnectorError) -> Double?
}

/// An alert as Alertmanager shows it.
package struct ActiveAlert: Codable, Sendable, Equatable {
  package var name: String
  package var labels: [String: String]
  package var startsAt: Timestamp
  package var summary: String?

  package init(name: String, labels: [String: String], startsAt: Timestamp, summary: String? = nil) {
    self.name = name
    self.labels = labels
    self.startsAt = startsAt
    self.summary = summary
  }
}
