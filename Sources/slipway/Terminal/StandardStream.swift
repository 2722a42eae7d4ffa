internal import Foundation
internal import Glibc

/// Standard output and standard error, which may be a file on a full disk or a reader that has gone.
///
/// Not Foundation's `FileHandle.write(_:)`: it traps when a write fails, and a driver must not die of its own narration.
enum StandardStream: Int32 {
  case output = 1
  case error = 2

  /// Writes what can be written.
  ///
  /// - Returns: The reason when not all of it could be.
  @discardableResult
  func write(_ data: Data) -> String? {
    var rest = data[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(rawValue, $0.baseAddress, $0.count) }
      if count > 0 {
        rest = rest.dropFirst(count)
      } else if count == 0 || errno != EINTR {
        return count == 0 ? "nothing was taken" : String(cString: strerror(errno))
      }
    }
    return nil
  }

  @discardableResult
  func write(_ text: String) -> String? { write(Data(text.utf8)) }
}
