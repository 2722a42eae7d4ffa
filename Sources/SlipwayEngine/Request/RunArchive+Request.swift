internal import SlipwayJournal
package import SlipwayModel

/// Requests for approval, made from the journal alone.
extension RunArchive {
  /// How many earlier runs a request tells of.
  private static var recent: Int { 10 }
  /// How far back the last successful run is looked for.
  private static var reach: Int { 1_000 }

  /// The request as people were asked with it: of the instant when the wait began, whenever this is called. Nil when nobody was asked.
  ///
  /// What is published, what `slipway request` prints and what evidence keeps is this one document.
  ///
  /// - Throws: ``EngineError`` when there is no such run, or a journal error.
  package func requestAsAsked(of run: RunID) async throws -> ApprovalRequest? {
    try await requestAsAsked(run, try await entries(of: run.text))
  }

  /// The request as it would be made at `now`, with what people have said since; nil when the run's plan asks nobody.
  ///
  /// - Throws: ``EngineError`` when there is no such run, or a journal error.
  package func request(of run: RunID, at now: Timestamp) async throws -> ApprovalRequest? {
    let entries = try await entries(of: run.text)
    let history = try RunHistory(run, entries: entries)
    return try await request(history.promotion, revision: Int64(entries.count), through: .max, at: now)
  }

  func requestAsAsked(_ run: RunID, _ entries: [StoredEntry]) async throws -> ApprovalRequest? {
    guard let first = entries.first else { return nil }
    var history = try RunHistory(run, first: first.entry, sequence: first.seq)
    guard history.promotion.plan.approval != nil else { return nil }
    for (index, stored) in entries.enumerated().dropFirst() {
      history.fold(try RunHistory.event(stored.entry), at: stored.entry.at, sequence: stored.seq)
      guard history.promotion.isAsking else { continue }
      return try await request(
        history.promotion, revision: Int64(index + 1), through: stored.seq, at: stored.entry.at)
    }
    return nil
  }

  private func request(
    _ promotion: Promotion, revision: Int64, through seq: Int64, at now: Timestamp
  ) async throws -> ApprovalRequest? {
    guard promotion.plan.approval != nil else { return nil }
    let ledger = try await ledger(through: seq)
    return ApprovalRequest(
      promotion: promotion, ledger: ledger, history: try await earlier(promotion),
      findings: RequestFinding.known(of: promotion.plan.release, in: ledger), now: now, revision: revision)
  }

  /// Runs into the same environment that were over before this one began, newest first: the newest few, and the last that succeeded.
  private func earlier(_ promotion: Promotion) async throws -> [Promotion] {
    let rows = try await rows(of: promotion.plan.to, limit: Self.reach).filter { row in
      row.run != promotion.run && row.finishedAt.map { $0 <= promotion.requestedAt } ?? false
    }
    var chosen = Array(rows.prefix(Self.recent))
    if !chosen.contains(where: { $0.status == Outcome.success.rawValue }),
      let success = rows.first(where: { $0.status == Outcome.success.rawValue })
    {
      chosen.append(success)
    }
    var promotions: [Promotion] = []
    for row in chosen {
      // A run of a newer Slipway, or a damaged one, must not keep people from being asked about this one.
      if let promotion = try? await self.promotion(row.run) { promotions.append(promotion) }
    }
    return promotions
  }
}

extension Promotion {
  /// Whether the wait for people has begun.
  fileprivate var isAsking: Bool {
    records.contains { $0.step.kind == .approve && $0.startedAt != nil }
  }
}
