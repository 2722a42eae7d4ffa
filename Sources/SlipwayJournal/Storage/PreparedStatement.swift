internal import GRDBSQLite

/// What SQLite's C interface answered instead of success.
struct SQLiteFailure: Error, CustomStringConvertible {
  /// The extended result code.
  let code: Int32
  let message: String

  init(code: Int32, connection: OpaquePointer?) {
    self.code = connection.map { sqlite3_extended_errcode($0) } ?? code
    message = connection.map { String(cString: sqlite3_errmsg($0)) } ?? String(cString: sqlite3_errstr(code))
  }

  var isBusy: Bool { code & 0xFF == SQLITE_BUSY || code & 0xFF == SQLITE_LOCKED }
  var isFull: Bool { code & 0xFF == SQLITE_FULL }
  var description: String { "SQLite \(code): \(message)" }
}

/// A statement compiled once and run many times without the cost of rows and values as objects: 3 times as many rows a second
/// as the same insert through GRDB's arguments. For the writer's inner loop and the verifier only.
///
/// Belongs to the thread that works on its connection.
final class PreparedStatement {
  private let handle: OpaquePointer
  private let connection: OpaquePointer

  init(_ sql: String, on connection: OpaquePointer) throws(SQLiteFailure) {
    var compiled: OpaquePointer?
    let code = sqlite3_prepare_v3(connection, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &compiled, nil)
    guard code == SQLITE_OK, let compiled else { throw SQLiteFailure(code: code, connection: connection) }
    handle = compiled
    self.connection = connection
  }

  deinit { sqlite3_finalize(handle) }

  // MARK: Parameters, counted from 1

  func bind(_ value: Int64, at index: Int32) { sqlite3_bind_int64(handle, index, value) }

  func bind(_ value: Int64?, at index: Int32) {
    if let value { bind(value, at: index) } else { sqlite3_bind_null(handle, index) }
  }

  /// Binds a copy of `text`.
  func bind(_ text: String, at index: Int32) {
    var text = text
    text.withUTF8 { bytes in
      let transient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
      // A nil pointer would bind NULL, and nil is what an empty text may have.
      guard let start = bytes.baseAddress else {
        sqlite3_bind_text(handle, index, "", 0, transient)
        return
      }
      start.withMemoryRebound(to: CChar.self, capacity: bytes.count) { start in
        _ = sqlite3_bind_text(handle, index, start, Int32(bytes.count), transient)
      }
    }
  }

  func bind(_ text: String?, at index: Int32) {
    if let text { bind(text, at: index) } else { sqlite3_bind_null(handle, index) }
  }

  /// Binds text without copying it: `bytes` must stay in place until ``run()`` or ``reset()`` returns.
  func bind(textInPlace bytes: UnsafeRawBufferPointer, at index: Int32) {
    let start = bytes.baseAddress?.assumingMemoryBound(to: CChar.self)
    sqlite3_bind_text(handle, index, start, Int32(bytes.count), nil)
  }

  /// Binds a part of `bytes` as ``bind(textInPlace:at:)`` does, or NULL where there is none.
  func bind(textInPlace bytes: UnsafeRawBufferPointer, _ part: Range<Int>?, at index: Int32) {
    guard let part else { return bindNull(at: index) }
    bind(textInPlace: UnsafeRawBufferPointer(rebasing: bytes[part]), at: index)
  }

  /// Binds a blob without copying it: `bytes` must stay in place until ``run()`` or ``reset()`` returns.
  func bind(blobInPlace bytes: UnsafeRawBufferPointer, at index: Int32) {
    sqlite3_bind_blob(handle, index, bytes.baseAddress, Int32(bytes.count), nil)
  }

  func bindNull(at index: Int32) { sqlite3_bind_null(handle, index) }

  // MARK: Running

  /// Runs to the end and makes the statement ready for the next run.
  func run() throws(SQLiteFailure) {
    var code = sqlite3_step(handle)
    while code == SQLITE_ROW { code = sqlite3_step(handle) }
    guard code == SQLITE_DONE else {
      let failure = SQLiteFailure(code: code, connection: connection)
      sqlite3_reset(handle)
      throw failure
    }
    sqlite3_reset(handle)
  }

  /// How many rows the last run changed.
  var changes: Int { Int(sqlite3_changes(connection)) }

  /// The first column of the first row, nil where there is no row or it holds NULL.
  func integer() throws(SQLiteFailure) -> Int64? {
    defer { sqlite3_reset(handle) }
    guard try step(), sqlite3_column_type(handle, 0) == SQLITE_INTEGER else { return nil }
    return sqlite3_column_int64(handle, 0)
  }

  /// Steps to the next row; false at the end.
  func step() throws(SQLiteFailure) -> Bool {
    switch sqlite3_step(handle) {
    case SQLITE_ROW: return true
    case SQLITE_DONE: return false
    case let code: throw SQLiteFailure(code: code, connection: connection)
    }
  }

  func reset() { sqlite3_reset(handle) }

  // MARK: Columns of the present row, counted from 0

  func type(of column: Int32) -> Int32 { sqlite3_column_type(handle, column) }
  func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(handle, column) }

  /// The bytes of a text or blob, valid until the next step.
  func bytes(_ column: Int32) -> UnsafeRawBufferPointer {
    // The pointer first: asking for it may convert, and the length is that of the converted value.
    let start = sqlite3_column_blob(handle, column)
    return UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(handle, column)))
  }
}
