internal import SlipwayModel

/// Runs `body` for no longer than `limit`; what has not ended by then is cancelled.
///
/// - Returns: nil when the time is over, or when the task was cancelled, which `Task.isCancelled` tells.
/// - Throws: what `body` throws.
func within<Value: Sendable>(
  _ limit: Span, _ body: @escaping @Sendable () async throws(ConnectorError) -> Value
) async throws(ConnectorError) -> Value? {
  let result = await withTaskGroup(of: Result<Value, ConnectorError>?.self) { group in
    group.addTask {
      do throws(ConnectorError) { return .success(try await body()) } catch { return .failure(error) }
    }
    group.addTask {
      try? await Task.sleep(for: limit.duration)
      return nil
    }
    let first = await group.next() ?? nil
    group.cancelAll()
    return first
  }
  return Task.isCancelled ? nil : try result?.get()
}
