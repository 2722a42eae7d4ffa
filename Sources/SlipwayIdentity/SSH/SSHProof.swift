internal import Foundation
internal import SlipwayConnectors
internal import SlipwayModel

/// Proves identity by a signature over the statement, checked by `ssh-keygen -Y verify` against the allowed-signers file.
struct SSHProof: Sendable {
  private static let timeout = Span.seconds(20)

  let spec: SSHSpec
  let folder: String
  let commands: CommandRunner

  func prove(
    _ handedIn: String, by person: Person, statement: DecisionStatement, at now: Timestamp
  ) async throws(IdentityError) -> Identity {
    let signature = try SSHSignature(handedIn)
    guard signature.namespace.isExactly(DecisionStatement.namespace) else {
      throw IdentityError(
        .wrongNamespace,
        "the signature was made for '\(signature.namespace.shown(40))', not for a decision; sign anew with: "
          + "ssh-keygen -Y sign -n \(DecisionStatement.namespace) -f KEY")
    }
    try checkName(person)
    let signers = try signersFile()
    return try await PrivateFolder.with { (place) async throws(IdentityError) -> Identity in
      let file = place.appending(path: "statement.sig")
      try PrivateFolder.write(signature.armored, to: file)
      let keygen = Keygen(
        commands: commands, statement: statement.text,
        variables: [
          "SIGNERS": signers, "PERSON": person.text, "SIGNATURE": file.path, "TIME": Self.keygenTime(now),
          "NAMESPACE": DecisionStatement.namespace, "LC_ALL": "C",
        ], timeout: Self.timeout)
      let verdict = try await keygen.run(
        #"-Y verify -f "$SIGNERS" -I "$PERSON" -n "$NAMESPACE" -s "$SIGNATURE" -O verify-time="$TIME""#)
      // The last word: `Good "slipway-decision" signature for NAME with ED25519 key SHA256:…`, where NAME may be anything.
      guard verdict.code == 0, let fingerprint = verdict.answer.split(whereSeparator: \.isWhitespace).last,
        fingerprint.hasPrefix("SHA256:")
      else { throw try await refusal(verdict, keygen, person, statement, now) }
      return Identity(
        person: person, kind: .ssh, mfa: spec.countsAsMFA, provenAt: now, authority: String(fingerprint),
        proof: signature.armored)
    }
  }

  private func checkName(_ person: Person) throws(IdentityError) {
    guard !person.text.isEmpty, person.text.unicodeScalars.allSatisfy({ $0.properties.generalCategory != .control })
    else {
      throw IdentityError(.wrongPerson, "'\(person.text.shown)' is no name that an allowed-signers file can hold")
    }
  }

  private func signersFile() throws(IdentityError) -> String {
    let path = spec.allowedSigners.hasPrefix("/") ? spec.allowedSigners : folder + "/" + spec.allowedSigners
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), !isFolder.boolValue,
      FileManager.default.isReadableFile(atPath: path)
    else {
      throw IdentityError(
        .misconfigured,
        "the allowed-signers file \(path) is not there or cannot be read; write it (ssh-keygen(1), ALLOWED SIGNERS), one line "
          + "a key: NAME namespaces=\"\(DecisionStatement.namespace)\" ssh-ed25519 AAAA…")
    }
    return path
  }

  /// Asks `ssh-keygen` once more, to tell apart what its one answer "could not verify" can mean.
  private func refusal(
    _ verdict: CommandOutput, _ keygen: Keygen, _ person: Person, _ statement: DecisionStatement, _ now: Timestamp
  ) async throws(IdentityError) -> IdentityError {
    let fits = try await keygen.run(#"-Y check-novalidate -n "$NAMESPACE" -s "$SIGNATURE""#)
    guard fits.code == 0, let fingerprint = fits.answer.split(whereSeparator: \.isWhitespace).last else {
      return IdentityError(
        .badSignature,
        "the signature is not over '\(statement.word)' on run \(statement.run) with plan \(statement.plan): it was made for "
          + "another word, run or plan, or was changed; look at the plan as it is now and sign anew")
    }
    let who = "the key \(String(fingerprint).shown) of this signature"
    let owners = try await keygen.run(
      #"-Y find-principals -f "$SIGNERS" -s "$SIGNATURE" -O verify-time="$TIME""#)
    if owners.code == 0, let names = owners.answer.split(whereSeparator: \.isNewline).first {
      return IdentityError(
        .unknownSigner,
        "\(who) speaks for '\(String(names).shown)' in \(spec.allowedSigners), not for '\(person.text.shown)'; decide in your "
          + "own name, or add the key under that name")
    }
    // Only words for a person are taken from what it prints; that the signature does not count is settled.
    for (sign, why) in [
      ("has expired", "is no longer valid ('valid-before' in its line): it is \(now)"),
      ("not yet valid", "is not valid yet ('valid-after' in its line): it is \(now)"),
      ("not permitted for use", "is allowed for other uses only ('namespaces' in its line)"),
    ] where verdict.text.contains(sign) {
      return IdentityError(
        .signerNotValid,
        "\(who) stands in \(spec.allowedSigners) and \(why); sign with a key that is allowed now, or correct its line")
    }
    return IdentityError(
      .unknownSigner,
      "\(who) is not in \(spec.allowedSigners) for '\(person.text.shown)'; sign with a key that is there, or add the line: "
        + "\(person.text.shown) namespaces=\"\(DecisionStatement.namespace)\" and the key's .pub")
  }

  /// `20261121120000Z`: with the Z in every time zone the same; dates in the file without one are in the system's zone.
  private static func keygenTime(_ now: Timestamp) -> String {
    String(now.compactUTC.filter { $0 != "-" }.prefix(14)) + "Z"
  }
}

/// Runs `ssh-keygen` with the statement on its standard input.
private struct Keygen: Sendable {
  let commands: CommandRunner
  let statement: String
  let variables: [String: String]
  let timeout: Span

  /// `arguments` are fixed words: everything from outside comes in through variables, which the shell does not read as code.
  func run(_ arguments: String) async throws(IdentityError) -> CommandOutput {
    let output: CommandOutput
    do {
      output = try await commands.run(
        "exec ssh-keygen " + arguments, variables: variables, input: statement, isAnswer: true, timeout: timeout)
    } catch {
      throw IdentityError(error.code == .timedOut ? .timedOut : .misconfigured, error.message)
    }
    guard output.code != 126, output.code != 127 else { throw SSHSigner.missing }
    return output
  }
}
