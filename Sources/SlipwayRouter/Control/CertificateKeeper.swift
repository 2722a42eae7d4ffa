internal import NIOCore
internal import NIOSSL
internal import SlipwayModel

/// Takes new certificates when their files change; what cannot serve leaves the former ones in place and is said in the status.
///
/// Belongs to the control loop, which may read files.
final class CertificateKeeper {
  private(set) var status: TLSStatus?
  private let workers: [NIOLoopBound<Worker>]
  private var spec: RouterTLS?
  private var fingerprint = ""

  init(_ set: CertificateSet?, at now: Timestamp, workers: [NIOLoopBound<Worker>]) {
    self.workers = workers
    status = set.map { TLSStatus(certificates: $0.certificates, loadedAt: now, reloads: 0, problem: nil) }
  }

  func watch(_ spec: RouterTLS?) {
    self.spec = spec
    fingerprint = spec.map(CertificateSet.fingerprint) ?? ""
  }

  /// Looks whether the files have changed.
  func check(at now: Timestamp) {
    guard let spec else { return }
    let found = CertificateSet.fingerprint(spec)
    guard found != fingerprint else { return }
    fingerprint = found
    do throws(RouterError) { try take(spec, at: now) } catch { status?.problem = error.description }
  }

  /// Reads the certificates that `spec` names, changed or not.
  func reload(_ spec: RouterTLS?, at now: Timestamp) throws(RouterError) {
    if let spec {
      do throws(RouterError) {
        try take(spec, at: now)
      } catch {
        status?.problem = error.description
        throw error
      }
    } else {
      status = nil
      hand(nil)
    }
    watch(spec)
  }

  private func take(_ spec: RouterTLS, at now: Timestamp) throws(RouterError) {
    let set = try CertificateSet.load(spec)
    let count = status.map { $0.reloads + 1 } ?? 0
    status = TLSStatus(certificates: set.certificates, loadedAt: now, reloads: count, problem: nil)
    hand(set.context)
  }

  /// Connections that are open keep what they were encrypted with.
  private func hand(_ context: NIOSSLContext?) {
    for worker in workers { worker.eventLoop.execute { worker.value.tls = context } }
  }
}
