package import Foundation
package import SlipwayEvidence
package import SlipwayModel

/// Judges signed attestations against what the pipeline file asks of builder and source: no I/O.
package struct ProvenancePolicy: Sendable {
  package let spec: ProvenanceSpec
  package let keys: [VerificationKey]
  /// Of the artifact that is to be deployed.
  package let digest: Digest
  /// Of the release; nil when none was registered.
  package let commit: String?

  package init(spec: ProvenanceSpec, keys: [VerificationKey], digest: Digest, commit: String?) {
    self.spec = spec
    self.keys = keys
    self.digest = digest
    self.commit = commit
  }

  /// What one attestation is worth.
  package enum Worth: Sendable, Equatable {
    /// Signed by these known keys, and everything asked for is so.
    case good([VerificationKey], builder: String?)
    /// Says something else than what is asked about, such as a list of packages.
    case beside(String)
    /// No known key has signed it.
    case unsigned(String)
    /// A known key has signed what must not be.
    case wrong(String)
  }

  package func judge(_ data: Data) -> Worth {
    let envelope: Envelope
    do throws(ReportProblem) {
      try JSONSyntax.check(data)
    } catch {
      return .unsigned(error.message(file: "an attestation"))
    }
    do throws(EvidenceError) {
      envelope = try Envelope(json: data)
    } catch {
      return .unsigned(error.message)
    }
    let signers = envelope.signers(among: keys)
    guard !signers.isEmpty else { return .unsigned("none of the \(keys.count) known keys has signed it") }
    guard envelope.payloadType == Envelope.statementType else {
      return .beside("it is of type '\(envelope.payloadType.prefix(80))'")
    }
    do throws(ConnectorError) {
      return judge(try ProvenanceStatement(envelope.payload), signers)
    } catch {
      return .wrong(error.message)
    }
  }

  private func judge(_ statement: ProvenanceStatement, _ signers: [VerificationKey]) -> Worth {
    let wanted = spec.predicate.map { [$0] } ?? ProvenanceStatement.slsa
    guard wanted.contains(statement.predicateType) else {
      return .beside("it is a '\(statement.predicateType.prefix(120))'")
    }
    guard statement.subjects.contains(digest.hex) else {
      return .wrong(
        "it speaks of \(statement.subjects.first.map { "sha256:\($0.prefix(64))" } ?? "nothing"), not of \(digest)")
    }
    if let builder = spec.builder, statement.builder != builder {
      return .wrong("built by '\(statement.builder?.prefix(200) ?? "nobody that is named")', allowed is '\(builder)'")
    }
    var sources = statement.sources
    if let wanted = spec.source {
      sources = sources.filter { ProvenanceStatement.isSame($0.uri, wanted) }
      guard !sources.isEmpty else {
        let found = statement.sources.first.map { "'\($0.uri.prefix(200))'" } ?? "nothing that is named"
        return .wrong("built from \(found), allowed is '\(wanted)'")
      }
    }
    if let commit = commit?.lowercased() {
      let stated = sources.compactMap(\.commit)
      // A short commit is the beginning of the whole one.
      guard stated.isEmpty || stated.contains(where: { $0 == commit || (commit.count >= 6 && $0.hasPrefix(commit)) })
      else {
        return .wrong("built from commit \(stated[0].prefix(64)), the release is \(commit)")
      }
    }
    return .good(signers, builder: statement.builder)
  }

  /// What all attestations say together; nothing at all is undecided, never passed.
  package func verdict(_ worths: [Worth]) -> (Verdict, reason: String, remedy: String?, warnings: [String]) {
    var signers: [VerificationKey] = []
    var builders: [String] = []
    var wrong: [String] = []
    var unsigned: [String] = []
    var beside = 0
    for worth in worths {
      switch worth {
      case .good(let keys, let builder):
        signers += keys.filter { !signers.contains($0) }
        if let builder, !builders.contains(builder) { builders.append(builder) }
      case .beside: beside += 1
      case .unsigned(let why): unsigned.append(why)
      case .wrong(let why): wrong.append(why)
      }
    }
    let warnings = (wrong + unsigned).prefix(10).map { "an attestation does not count: \($0)" }
    if signers.count >= spec.threshold {
      let by = builders.isEmpty ? "" : ", built by \(builders.joined(separator: ", "))"
      let who = signers.map { "\($0.keyID.prefix(16))…" }.joined(separator: ", ")
      return (.passed, "signed by \(signers.count) of \(keys.count) known keys (\(who))\(by)", nil, Array(warnings))
    }
    if let why = wrong.first {
      return (.failed, why, "build the release with the builder and from the source that the pipeline file allows", [])
    }
    if !signers.isEmpty {
      return (
        .undecided, "signed by \(signers.count) known keys, \(spec.threshold) are needed",
        "have it signed with \(spec.threshold - signers.count) more of the keys", Array(warnings)
      )
    }
    if let why = unsigned.first {
      return (
        .failed, "\(unsigned.count) attestations of \(digest), none signed by a known key: \(why)",
        "sign with a key that the pipeline file names, or name the key", []
      )
    }
    let found = beside == 0 ? "no attestation" : "\(beside) attestations, none of them about the build,"
    return (
      .undecided, "\(found) of \(digest) was found",
      "attach the builder's signed attestation to the image, such as with: cosign attest --key … --type slsaprovenance1",
      []
    )
  }
}
