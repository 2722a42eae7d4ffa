package import Foundation
internal import Glibc

/// The folder that the demo leaves behind: a pipeline file, three releases, their reports.
package struct DemoFolder: Sendable {
  package let url: URL
  /// Five free ports: production's front door and slots a and b, then staging's … in this order.
  package let ports: [Int]

  package var pipelineFile: URL { url.appending(path: "slipway.yaml") }
  package var frontDoor: String { "http://127.0.0.1:\(ports[0])" }

  /// Writes the folder.
  ///
  /// - Parameters:
  ///   - url: must not exist yet, or be a folder of an earlier demo.
  ///   - program: the slipway program, which also is the demo's service.
  /// - Throws: when the folder cannot be written.
  package init(at url: URL, program: String) throws {
    self.url = url
    ports = Self.freePorts(6)
    for name in ["bin", "releases", "reports"] {
      try FileManager.default.createDirectory(at: url.appending(path: name), withIntermediateDirectories: true)
    }
    let link = url.appending(path: "bin/slipway")
    try? FileManager.default.removeItem(at: link)
    try FileManager.default.createSymbolicLink(atPath: link.path, withDestinationPath: program)
    try Data(pipeline.utf8).write(to: pipelineFile)
    try release(DemoService.Behaviour(version: "1.0.0", failsOneIn: 0, takesMilliseconds: 3))
    try release(DemoService.Behaviour(version: "1.1.0", failsOneIn: 0, takesMilliseconds: 3))
    // One order in four fails, which no smoke test notices: only customers do.
    try release(DemoService.Behaviour(version: "1.2.0", failsOneIn: 4, takesMilliseconds: 3))
    try Data(Self.tests.utf8).write(to: url.appending(path: "reports/junit.xml"))
    try Data(Self.coverage.utf8).write(to: url.appending(path: "reports/coverage.lcov"))
  }

  private func release(_ behaviour: DemoService.Behaviour) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    try encoder.encode(behaviour).write(to: url.appending(path: "releases/shop-\(behaviour.version).json"))
  }

  private static let tests = """
    <?xml version="1.0" encoding="utf-8"?>
    <testsuites><testsuite name="shop" tests="3" failures="0" errors="0" skipped="0" time="0.4">
    <testcase classname="orders" name="places an order" time="0.2"/>
    <testcase classname="orders" name="refuses an empty order" time="0.1"/>
    <testcase classname="prices" name="adds tax" time="0.1"/>
    </testsuite></testsuites>

    """

  private static let coverage = """
    TN:
    SF:Sources/shop/orders.swift
    DA:1,4
    DA:2,4
    DA:3,4
    DA:4,4
    DA:5,0
    DA:6,2
    DA:7,2
    DA:8,1
    DA:9,1
    DA:10,1
    LF:10
    LH:9
    end_of_record

    """

  /// Ports that were free a moment ago.
  private static func freePorts(_ count: Int) -> [Int] {
    var descriptors: [Int32] = []
    defer { descriptors.forEach { close($0) } }
    return (0..<count).map { _ in
      let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
      descriptors.append(descriptor)
      var address = sockaddr_in()
      address.sin_family = sa_family_t(AF_INET)
      address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
      var length = socklen_t(MemoryLayout<sockaddr_in>.size)
      _ = withUnsafeMutablePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { plain in
          bind(descriptor, plain, length) == 0 ? getsockname(descriptor, plain, &length) : -1
        }
      }
      return Int(UInt16(bigEndian: address.sin_port))
    }
  }
}
