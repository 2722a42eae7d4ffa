internal import CLibPQ
internal import Foundation
internal import SlipwayConnectors

/// One connection to a database, on a thread of its own because libpq's calls block.
///
/// A transaction that is open when the session goes away is rolled back by the server.
package actor PostgresSession {
  private let link: Link
  private let queue: QueueExecutor
  /// For messages: which database, where.
  package nonisolated let shown: String

  package nonisolated var unownedExecutor: UnownedSerialExecutor { queue.asUnownedSerialExecutor() }

  /// Connects to `database` of the server at `address`.
  ///
  /// - Throws: ``DatabaseError`` with `unreachable` when nobody answers within ten seconds, `refused` when the server says no.
  package static func open(
    _ address: PostgresAddress, database: String? = nil, name: String = "slipway"
  ) async throws(DatabaseError) -> PostgresSession {
    let database = database ?? address.database
    let queue = QueueExecutor()
    let shown = "database \(database) at \(address.shown)"
    let link: Result<Link, DatabaseError> = await withCheckedContinuation { continuation in
      queue.run {
        do throws(DatabaseError) {
          continuation.resume(returning: .success(try Link(address, database: database, name: name, shown: shown)))
        } catch {
          continuation.resume(returning: .failure(error))
        }
      }
    }
    return PostgresSession(try link.get(), queue, shown)
  }

  private init(_ link: Link, _ queue: QueueExecutor, _ shown: String) {
    self.link = link
    self.queue = queue
    self.shown = shown
  }

  /// The rows of one statement, every value as PostgreSQL writes it; a cancelled task cancels the statement.
  ///
  /// - Parameters:
  ///   - statement: one SQL statement; values stand in it as `$1`, `$2`.
  ///   - values: what they stand for, as text.
  /// - Returns: row by row; nothing where the statement gives none.
  /// - Throws: ``DatabaseError`` with PostgreSQL's code.
  @discardableResult
  package func rows(_ statement: String, _ values: [String?] = []) async throws(DatabaseError) -> [[String?]] {
    let link = link
    let canceller = link.canceller
    let result: Result<[[String?]], DatabaseError> = await withTaskCancellationHandler {
      do throws(DatabaseError) { return .success(try link.rows(statement, values, shown: shown)) } catch {
        return .failure(error)
      }
    } onCancel: {
      canceller.cancel()
    }
    return try result.get()
  }

  /// The first value of the first row.
  package func value(_ statement: String, _ values: [String?] = []) async throws(DatabaseError) -> String? {
    try await rows(statement, values).first?.first ?? nil
  }

  /// Carries out statements that somebody else wrote, as one text and without values.
  ///
  /// - Throws: ``DatabaseError`` of the first one that fails; those behind it are not carried out.
  package func script(_ text: String) async throws(DatabaseError) {
    let link = link
    let canceller = link.canceller
    let result: Result<Void, DatabaseError> = await withTaskCancellationHandler {
      do throws(DatabaseError) { return .success(try link.script(text, shown: shown)) } catch {
        return .failure(error)
      }
    } onCancel: {
      canceller.cancel()
    }
    try result.get()
  }

  /// A name as it stands in SQL.
  package static func quoted(_ name: String) -> String { "\"" + name.replacing("\"", with: "\"\"") + "\"" }

  /// A text as it stands in SQL, for statements that take no values.
  package static func literal(_ text: String) -> String {
    (text.contains("\\") ? " E'" : "'") + text.replacing("\\", with: "\\\\").replacing("'", with: "''") + "'"
  }
}

/// The connection itself; used on its session's thread alone, but for cancelling.
private final class Link {
  private let connection: OpaquePointer
  let canceller: Canceller

  init(_ address: PostgresAddress, database: String, name: String, shown: String) throws(DatabaseError) {
    // A server that is cut off must not be waited for as long as TCP would.
    let names = [
      "dbname", "dbname", "application_name", "connect_timeout", "tcp_user_timeout", "keepalives_idle",
      "keepalives_interval", "keepalives_count",
    ]
    let connection = address.reveal { url in
      let values = [url, database, name, "10", "20000", "10", "5", "3"]
      return Self.withPointers(names) { names in
        Self.withPointers(values) { values in PQconnectdbParams(names, values, 1) }
      }
    }
    guard let connection else { throw DatabaseError(.unreachable, "no memory for a connection to \(shown)") }
    guard PQstatus(connection) == CONNECTION_OK, let cancel = PQgetCancel(connection) else {
      let said = String(cString: PQerrorMessage(connection)).trimmed
      PQfinish(connection)
      // libpq gives no code for a connection that failed; what a server says begins with FATAL.
      let isRefusal = said.contains("FATAL:") && !said.contains("starting up") && !said.contains("shutting down")
      throw DatabaseError(isRefusal ? .refused : .unreachable, "\(shown) cannot be connected to: \(said)")
    }
    PQsetNoticeProcessor(connection, { _, _ in }, nil)
    self.connection = connection
    canceller = Canceller(cancel)
  }

  deinit { PQfinish(connection) }

  func rows(_ statement: String, _ values: [String?], shown: String) throws(DatabaseError) -> [[String?]] {
    let result = Self.withPointers(values) {
      PQexecParams(connection, statement, Int32(values.count), nil, $0, nil, nil, 0)
    }
    defer { PQclear(result) }
    switch PQresultStatus(result) {
    case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY: break
    default: throw error(result, shown)
    }
    let columns = PQnfields(result)
    return (0..<PQntuples(result)).map { row in
      (0..<columns).map { column in
        PQgetisnull(result, row, column) == 1 ? nil : String(cString: PQgetvalue(result, row, column))
      }
    }
  }

  func script(_ text: String, shown: String) throws(DatabaseError) {
    // C ends a text at its first zero byte; what stood behind it would be left out without a word.
    guard !text.utf8.contains(0) else { throw DatabaseError(.refused, "\(shown): a script with a zero byte in it") }
    let result = PQexec(connection, text)
    defer { PQclear(result) }
    switch PQresultStatus(result) {
    case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY: return
    case PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_COPY_BOTH:
      PQputCopyEnd(connection, "no data follow")
      while let rest = PQgetResult(connection) { PQclear(rest) }
      throw DatabaseError(.refused, "\(shown): a script with COPY to or from a client; write INSERT")
    default: throw error(result, shown)
    }
  }

  private func error(_ result: OpaquePointer?, _ shown: String) -> DatabaseError {
    let state = PQresultErrorField(result, 67).map { String(cString: $0) }
    let said = String(cString: PQresultErrorMessage(result)).trimmed
    let isGone = PQstatus(connection) != CONNECTION_OK
    let words = said.isEmpty ? String(cString: PQerrorMessage(connection)).trimmed : said
    let code: ConnectorError.Code =
      switch state {
      case "57014"?: .timedOut
      // Operator intervention, lack of resources, system trouble: it may go better next time.
      case let state? where ["57", "53", "58", "08", "40", "55"].contains(String(state.prefix(2))): .unreachable
      case nil: .unreachable
      case _?: isGone ? .unreachable : .refused
      }
    return DatabaseError(code, state: state, "\(shown): \(words)\(state.map { " (\($0))" } ?? "")")
  }

  private static func withPointers<Result>(
    _ texts: [String?], _ body: ([UnsafePointer<CChar>?]) -> Result
  ) -> Result {
    let copies = texts.map { $0.map { strdup($0) } ?? nil }
    defer { copies.forEach { free($0) } }
    return body(copies.map { UnsafePointer($0) } + [nil])
  }
}

/// Cancels what a connection is doing, from any thread.
// Sendable because PQcancel only reads what PQgetCancel copied, which libpq documents as safe from any thread; nothing else is held.
private final class Canceller: @unchecked Sendable {
  private let handle: OpaquePointer

  init(_ handle: OpaquePointer) { self.handle = handle }
  deinit { PQfreeCancel(handle) }

  func cancel() {
    var reason = [CChar](repeating: 0, count: 256)
    _ = PQcancel(handle, &reason, 256)
  }
}

/// A serial queue as an actor's executor.
private final class QueueExecutor: SerialExecutor {
  private let queue = DispatchQueue(label: "slipway.postgres")

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    queue.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
  }

  func run(_ work: @escaping @Sendable () -> Void) { queue.async(execute: work) }
}

extension String {
  fileprivate var trimmed: String {
    trimmingCharacters(in: .whitespacesAndNewlines).replacing("\n", with: " ")
  }
}
