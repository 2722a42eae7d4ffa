/// Why evidence could not be written, signed or read.
package struct EvidenceError: Error, Sendable, CustomStringConvertible {
  /// What the caller may do about it.
  package enum Code: String, Codable, Sendable {
    /// Required files are absent; ``EvidenceError/names`` lists them, and nothing was written.
    case missingFiles = "missing_files"
    /// A file name is unsafe, reserved or contradicts another.
    case badName = "bad_name"
    /// JSON that is none, or a document of another shape.
    case malformed
    /// A folder of that name with other content is there already.
    case conflict
    /// The disk or the rights said no; nothing stands under the final name.
    case storage
    /// The key file can be read by others, or belongs to someone else.
    case unsafeKey = "unsafe_key"
    /// The key file holds no Ed25519 key.
    case badKey = "bad_key"
    /// Too few known keys have signed.
    case badSignature = "bad_signature"
  }

  package let code: Code
  /// What, where, why, and what to do next.
  package let message: String
  /// The files that ``Code/missingFiles`` and ``Code/badName`` speak of.
  package let names: [String]
  package let cause: (any Error)?

  package init(_ code: Code, _ message: String, names: [String] = [], cause: (any Error)? = nil) {
    self.code = code
    self.message = message
    self.names = names
    self.cause = cause
  }

  package var description: String { message }
}
