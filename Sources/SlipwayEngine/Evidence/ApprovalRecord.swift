internal import SlipwayModel

/// What `approval.json` says: what was asked, and each yes and no with artifact, person, time, window, and the seconds it took (E10, D7).
struct ApprovalRecord: Encodable {
  var asked: ApprovalSpec?
  var askedAt: Timestamp?
  var expiresAt: Timestamp?
  var approvals: [Given]
  /// The way around a rule that was agreed to, and the gates that it set aside.
  var exception: PromotionException?
  var waived: [String]
  /// How it was decided, where somebody or time said no.
  var refusal: Refusal?

  struct Given: Encodable {
    var artifact: String
    var artifactDigest: Digest?
    var approver: Person
    var roles: [RoleName]
    var approvedAt: Timestamp
    var planDigest: Digest
    /// The windows as they stood at that moment, in words.
    var deploymentWindow: String
    /// From the moment people were asked; a yes that came before that took from the request on.
    var approvalDurationSeconds: Double
    var comment: String?
    /// How it was proven who approved; a signature stands here whole, a token by its digest.
    var identity: Identity
  }

  struct Refusal: Encodable {
    var artifact: String
    var by: String
    var at: Timestamp?
    var reason: String
    var planDigest: Digest
    var decisionDurationSeconds: Double?
  }

  init(_ promotion: Promotion) {
    let plan = promotion.plan
    let began = promotion.records.first { $0.step.kind == .approve }?.startedAt
    asked = plan.approval
    askedAt = began
    exception = plan.exception
    waived = plan.waived
    expiresAt = plan.approval.flatMap { spec in began.map { $0 + spec.expires } }
    func took(until end: Timestamp) -> Double {
      let start = began.map { $0 <= end ? $0 : promotion.requestedAt } ?? promotion.requestedAt
      return max(.zero, end - start).seconds
    }
    approvals = promotion.approvals.map { approval in
      let windows = plan.windows.sorted { $0.key < $1.key }
        .map { RequestTiming.State($0.key, $0.value, at: approval.at).sentence }
      return Given(
        artifact: plan.release.artifact, artifactDigest: plan.release.digest, approver: approval.person,
        roles: approval.roles, approvedAt: approval.at, planDigest: approval.plan,
        deploymentWindow: windows.isEmpty ? "none is asked for" : windows.joined(separator: "; "),
        approvalDurationSeconds: took(until: approval.at), comment: approval.comment, identity: approval.identity)
    }
    guard promotion.outcome == .rejected else { return }
    let step = promotion.records.first { $0.step.kind == .approve }
    let at = promotion.causeAt ?? step?.finishedAt
    refusal = Refusal(
      artifact: plan.release.artifact, by: promotion.cause?.by ?? "slipway", at: at,
      reason: promotion.cause?.reason ?? step?.detail ?? "", planDigest: promotion.digest,
      decisionDurationSeconds: at.map { took(until: $0) })
  }
}
