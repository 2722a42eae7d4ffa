internal import AsyncHTTPClient
internal import Foundation
internal import SlipwayConnectors
internal import SlipwayModel

/// What is known of a provider: where it is asked, and the keys it signs with. Fetched when needed, kept for a while.
actor OIDCProvider {
  /// A key that is not known makes the keys be fetched anew, at most once in this time, so that garbage cannot hammer the provider.
  static let pause = Span.seconds(30)
  /// How long what was fetched is believed, so that a key that was taken back does not count for ever.
  private static let validity = Span.minutes(10)
  /// How long a failure is remembered instead of trying again.
  private static let grudge = Span.seconds(3)
  private static let timeout = Span.seconds(10)

  /// What was fetched, and when.
  struct Known: Sendable {
    let document: ProviderDocument
    let keys: ProviderKeys
    let number: Int
    let at: Timestamp
  }

  private let spec: OIDCSpec
  private let probe: HTTPProbe
  private var latest: Known?
  private var renewal: Timestamp?
  private var failure: (error: IdentityError, at: Timestamp)?
  /// The fetch under way, which everybody who needs it waits for; it ends by its own deadlines.
  private var fetching: Task<Result<Known, IdentityError>, Never>?

  init(spec: OIDCSpec, client: HTTPClient) {
    self.spec = spec
    probe = HTTPProbe(client: client)
  }

  /// What is known, fetched when it is not or no longer.
  func known(at now: Timestamp) async throws(IdentityError) -> Known {
    if let latest, Self.isWithin(Self.validity, latest.at, now) { return latest }
    return try await fetch(at: now)
  }

  /// What is known besides `old`; `old` itself when the provider was asked only a moment ago.
  func renewed(after old: Known, at now: Timestamp) async throws(IdentityError) -> Known {
    if let latest, latest.number > old.number { return latest }
    if let renewal, Self.isWithin(Self.pause, renewal, now), fetching == nil { return old }
    renewal = now
    return try await fetch(at: now)
  }

  /// A clock that was set back makes old what it knew.
  private static func isWithin(_ span: Span, _ then: Timestamp, _ now: Timestamp) -> Bool {
    now >= then && now - then < span
  }

  private func fetch(at now: Timestamp) async throws(IdentityError) -> Known {
    if let failure, Self.isWithin(Self.grudge, failure.at, now) { throw failure.error }
    let task: Task<Result<Known, IdentityError>, Never>
    if let fetching {
      task = fetching
    } else {
      let number = (latest?.number ?? 0) + 1
      let (spec, probe) = (spec, probe)
      task = Task { await Self.fetch(spec, probe, number: number, at: now) }
      fetching = task
    }
    let result = await task.value
    // The first of those who waited takes it in.
    if fetching == task {
      fetching = nil
      switch result {
      case .success(let known): (latest, failure) = (known, nil)
      case .failure(let error): failure = (error, now)
      }
    }
    return try result.get()
  }

  private static func fetch(
    _ spec: OIDCSpec, _ probe: HTTPProbe, number: Int, at now: Timestamp
  ) async -> Result<Known, IdentityError> {
    do {
      let document = try await ProviderDocument.fetch(spec, probe, timeout: timeout)
      let text = try await ProviderDocument.get(document.jwksURI, probe, timeout: timeout)
      let keys = try ProviderKeys(text, from: document.jwksURI)
      return .success(Known(document: document, keys: keys, number: number, at: now))
    } catch {
      return .failure(error)
    }
  }
}
