internal import ArgumentParser
internal import Foundation
internal import SlipwayConnectors
internal import SlipwayEngine
internal import SlipwayEvidence
internal import SlipwayJournal
internal import SlipwayModel

extension SigningKey {
  private static let noteName = "slipway"

  /// The key as the journal's signer of heads and checkpoints.
  var noteSigner: NoteSigner {
    NoteSigner(name: Self.noteName, keyHash: publicKey.noteKeyHash(name: Self.noteName)) { try self.signature(for: $0) }
  }

  /// The key as the journal's verifier knows it.
  var noteKey: NoteKey? { NoteKey(publicKey.noteVerifier(name: Self.noteName)) }
}

/// Every secret that the pipeline file refers to, as far as it can be resolved here: what must never be printed.
enum SecretRedaction {
  static func redactor(for pipeline: Pipeline?, root: URL) -> Redactor {
    guard let pipeline else { return Redactor() }
    let source = SecretSource(environment: ProcessInfo.processInfo.environment, folder: root.path)
    var texts = pipeline.notify.flatMap { Array($0.environment.values) }
    if let bucket = pipeline.requests?.s3 { texts += [bucket.accessKey, bucket.secretKey] }
    for environment in pipeline.environments {
      switch environment.deploy {
      case .processes(let spec): texts += spec.environment.values
      case .commands(let spec): texts += spec.environment.values
      }
      switch environment.data {
      case .commands(let spec)?: texts += spec.environment.values
      case .postgres(let spec)?: texts += [spec.server] + spec.environment.values
      case nil: break
      }
      texts += environment.traffic.secrets + environment.metrics.secrets + environment.gauges.flatMap(\.query.secrets)
      texts += environment.after?.secrets ?? []
    }
    if let bucket = pipeline.snapshots.bucket { texts += [bucket.accessKey, bucket.secretKey] }
    for case .dependencies(let specs) in pipeline.promotions.flatMap(\.gates) { texts += specs.flatMap(\.secrets) }
    texts += pipeline.registries.values.flatMap { [$0.user, $0.password, $0.token].compactMap(\.self) }
    return Redactor(secrets: texts.filter(\.isSecret).compactMap { try? source.resolve($0) })
  }
}

/// Verifies an evidence folder for the command line.
enum EvidenceChecking {
  static func verify(_ directory: String, trustedKey path: String?, quiet: Bool, _ options: CommonOptions) throws {
    guard FileManager.default.fileExists(atPath: directory) else {
      throw CommandError(.badInput, "there is no folder \(directory)")
    }
    let report = EvidenceVerifier.verify(directory, trustedKey: try path.map(publicKey))
    if options.isJSON {
      try Terminal.json(report)
    } else {
      report.lines.filter { !quiet || !$0.hasPrefix("ok ") }.forEach { print($0) }
    }
    if !report.passed { throw ExitCode(ExitStatus.failed.rawValue) }
  }

  private static func publicKey(_ path: String) throws -> PublicKey {
    guard let pem = try? String(contentsOfFile: path, encoding: .utf8) else {
      throw CommandError(.badInput, "key \(path) cannot be read")
    }
    do throws(EvidenceError) {
      return try PublicKey(pem: pem)
    } catch {
      throw CommandError(.badInput, "key \(path): \(error.message)")
    }
  }
}
