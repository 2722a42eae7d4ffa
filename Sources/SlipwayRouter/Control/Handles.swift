internal import Foundation
internal import Glibc
internal import NIOCore

/// Sockets that go from one process to another, over a Unix socket (SCM_RIGHTS).
enum Handles {
  /// Bytes before the handles in an ancillary message, and most handles that are ever sent.
  private static let headerSize = MemoryLayout<cmsghdr>.size
  private static let most = 8

  /// Sends one byte with `handles`, which stay open here.
  static func send(_ byte: UInt8, _ handles: [Int32], over socket: Int32) throws {
    var byte = byte
    let payload = handles.count * MemoryLayout<Int32>.size
    var control = [UInt8](repeating: 0, count: headerSize + (payload + 7) & ~7)
    let sent = control.withUnsafeMutableBytes { control in
      var header = cmsghdr()
      header.cmsg_len = headerSize + payload
      header.cmsg_level = SOL_SOCKET
      header.cmsg_type = Int32(SCM_RIGHTS)
      control.storeBytes(of: header, as: cmsghdr.self)
      for (index, handle) in handles.enumerated() {
        control.storeBytes(of: handle, toByteOffset: headerSize + index * 4, as: Int32.self)
      }
      return withUnsafeMutableBytes(of: &byte) { data in
        var vector = iovec(iov_base: data.baseAddress, iov_len: 1)
        return withUnsafeMutablePointer(to: &vector) { vector in
          var message = msghdr()
          (message.msg_iov, message.msg_iovlen) = (vector, 1)
          (message.msg_control, message.msg_controllen) = (control.baseAddress, control.count)
          return sendmsg(socket, &message, Int32(MSG_NOSIGNAL))
        }
      }
    }
    guard sent == 1 else { throw SystemFailure("hand sockets over") }
  }

  /// Receives up to `limit` bytes, with the handles that come along, which are the caller's to close.
  static func receive(_ limit: Int, over socket: Int32) throws -> (bytes: [UInt8], handles: [Int32]) {
    var bytes = [UInt8](repeating: 0, count: limit)
    var control = [UInt8](repeating: 0, count: headerSize + most * 4)
    var length = 0
    let count = bytes.withUnsafeMutableBytes { data in
      control.withUnsafeMutableBytes { control in
        var vector = iovec(iov_base: data.baseAddress, iov_len: data.count)
        return withUnsafeMutablePointer(to: &vector) { vector in
          var message = msghdr()
          (message.msg_iov, message.msg_iovlen) = (vector, 1)
          (message.msg_control, message.msg_controllen) = (control.baseAddress, control.count)
          let count = recvmsg(socket, &message, Int32(MSG_CMSG_CLOEXEC))
          length = message.msg_controllen
          return count
        }
      }
    }
    guard count > 0 else { throw SystemFailure("receive sockets") }
    guard length >= headerSize else { return (Array(bytes[..<count]), []) }
    let handles = control.withUnsafeBytes { control in
      let header = control.load(as: cmsghdr.self)
      guard header.cmsg_type == Int32(SCM_RIGHTS) else { return [Int32]() }
      return (0..<((header.cmsg_len - headerSize) / 4)).map {
        control.load(fromByteOffset: headerSize + $0 * 4, as: Int32.self)
      }
    }
    return (Array(bytes[..<count]), handles)
  }
}

extension Channel {
  /// Another handle of the channel's socket, which is the caller's to close. Call on the channel's event loop.
  func duplicatedHandle() throws -> Int32 {
    let copy = try pipeline.syncOperations.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) {
      fcntl($0, F_DUPFD_CLOEXEC, 3)
    }
    guard let copy, copy >= 0 else { throw SystemFailure("copy the handle of a socket") }
    return copy
  }
}
