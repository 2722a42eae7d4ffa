package import SlipwayModel

/// An exit gate that is to be passed, with everything it may name.
package struct ExitOrder: Sendable {
  package var gate: ExitGate
  package var deployment: Deployment
  package var facts: [String: String?]
  /// Where clients are served.
  package var frontDoor: String
  /// The handoff document; nil where the gate writes none.
  package var document: String?

  package init(
    gate: ExitGate, deployment: Deployment, facts: [String: String?], frontDoor: String, document: String? = nil
  ) {
    self.gate = gate
    self.deployment = deployment
    self.facts = facts
    self.frontDoor = frontDoor
    self.document = document
  }
}

/// A database in which a promotion is noted when it is over.
package protocol ExitDatabase: Sendable {
  /// Makes the change in one transaction that is kept only when exactly the expected rows changed; a repeat changes nothing more.
  ///
  /// - Returns: what was found, for people.
  /// - Throws: ``ConnectorError``: `refused` when the rows are others or the server says no, after which nothing was changed.
  func change(_ spec: SQLExit, _ facts: [String: String?]) async throws(ConnectorError) -> String
}
