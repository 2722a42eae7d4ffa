import Foundation
import SlipwayConnectors
import SlipwayModel
import Testing

/// The examples of "Signature Calculations for the Authorization Header" (Amazon S3 API Reference) and of AWS's Signature Version 4 test suite.
@Suite("Signature Version 4: AWS's own examples")
struct SignatureV4Tests {
  private let s3 = SignatureV4(
    accessKey: Secret("AKIAIOSFODNN7EXAMPLE"), secretKey: Secret("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
    region: "us-east-1")
  private let suite = SignatureV4(
    accessKey: Secret("AKIDEXAMPLE"), secretKey: Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
    region: "us-east-1", service: "service")
  private let empty = Digest(of: Data()).hex
  private let host = (name: "Host", value: "examplebucket.s3.amazonaws.com")

  private func at(_ text: String) throws -> Timestamp { try #require(Timestamp(rfc3339: text)) }

  private func signature(_ header: String) -> String { String(header.suffix(64)) }

  @Test("GET of a part of an object")
  func get() throws {
    let header = s3.authorization(
      method: "GET", path: "/test.txt",
      headers: [
        host, ("Range", "bytes=0-9"), ("x-amz-content-sha256", empty), ("x-amz-date", "20130524T000000Z"),
      ], payload: empty, at: try at("2013-05-24T00:00:00Z"))
    #expect(
      header
        == "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, "
        + "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41")
  }

  @Test("PUT of an object whose name has a character that is encoded")
  func put() throws {
    let payload = Digest(of: Data("Welcome to Amazon S3.".utf8)).hex
    let header = s3.authorization(
      method: "PUT", path: "/" + SignatureV4.encoded("test$file.text", keeping: "/"),
      headers: [
        ("Date", "Fri, 24 May 2013 00:00:00 GMT"), host, ("x-amz-content-sha256", payload),
        ("x-amz-date", "20130524T000000Z"), ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
      ], payload: payload, at: try at("2013-05-24T00:00:00Z"))
    #expect(signature(header) == "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd")
  }

  @Test("GET with a query of a name alone, and of two names")
  func query() throws {
    let headers = [host, ("x-amz-content-sha256", empty), ("x-amz-date", "20130524T000000Z")]
    let time = try at("2013-05-24T00:00:00Z")
    let lifecycle = s3.authorization(
      method: "GET", path: "/", query: [("lifecycle", "")], headers: headers, payload: empty, at: time)
    #expect(signature(lifecycle) == "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543")
    let list = s3.authorization(
      method: "GET", path: "/", query: [("prefix", "J"), ("max-keys", "2")], headers: headers, payload: empty, at: time)
    #expect(signature(list) == "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7")
  }

  @Test("get-vanilla and get-vanilla-query-order-key-case of the test suite")
  func vanilla() throws {
    let headers = [(name: "Host", value: "example.amazonaws.com"), ("X-Amz-Date", "20150830T123600Z")]
    let time = try at("2015-08-30T12:36:00Z")
    let plain = suite.authorization(method: "GET", path: "/", headers: headers, payload: empty, at: time)
    #expect(signature(plain) == "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31")
    let ordered = suite.authorization(
      method: "GET", path: "/", query: [("Param2", "value2"), ("Param1", "value1")], headers: headers, payload: empty,
      at: time)
    #expect(signature(ordered) == "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500")
  }

  @Test(
    "names and values that S3 encodes in its own way",
    arguments: [
      ("a b", "a%20b"), ("ä", "%C3%A4"), ("a+b=c&d", "a%2Bb%3Dc%26d"), ("-._~", "-._~"), ("a/b", "a%2Fb"),
    ])
  func encoding(text: String, encoded: String) {
    #expect(SignatureV4.encoded(text) == encoded)
    #expect(SignatureV4.encoded("a/b", keeping: "/") == "a/b")
  }
}
