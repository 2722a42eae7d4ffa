internal import SlipwayModel

/// Where requests for approval are put.
enum RequestGrammar {
  static let requests = Shape<RequestsSpec>.object(
    "requests", RequestsSpec(),
    [
      .optional(
        "folder", \.folder, .text("a folder"),
        "A folder, relative to this file's; below it <project>/<run>/request.html and request.json."),
      .optional("s3", \.s3, bucket, "A bucket of a store that speaks S3."),
    ]
  ).checked { _, node, reading in
    // By the keys, because one whose value is wrong has been reported already.
    guard node["folder"] == nil, node["s3"] == nil else { return }
    reading.report(.structure, node.position, "requests names no place", expected: "'folder: …', 's3: …', or both")
  }

  private static let bucket = Shape<BucketSpec>.object(
    "s3", BucketSpec(endpoint: "", bucket: "", accessKey: SecretText(""), secretKey: SecretText("")),
    [
      .required("endpoint", \.endpoint, endpoint, "The store, without the bucket, such as http://127.0.0.1:8333."),
      .optional("region", \.region, region, "The region that requests are signed for."),
      .required("bucket", \.bucket, bucketName, "The bucket; it must be there."),
      .optional("prefix", \.prefix, prefix, "Stands before every key."),
      .required("access_key", \.accessKey, .secretText("an access key"), "By reference: ${env:NAME} or ${file:PATH}."),
      .required("secret_key", \.secretKey, .secretText("a secret key"), "By reference: ${env:NAME} or ${file:PATH}."),
      .optional("link", \.link, .url, "Where people read the bucket, when that is another address."),
    ])

  static let endpoint = Shape<String>.pattern(
    "https?://[A-Za-z0-9.:\\[\\]_-]+", "a URL without a path, such as http://127.0.0.1:8333", echo: false,
    show: { .text($0) }, parse: { $0 })
  static let region = Shape<String>.pattern(
    "[a-z0-9-]{1,40}", "a region such as eu-central-1", show: { .text($0) }, parse: { $0 })
  static let bucketName = Shape<String>.pattern(
    "[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", "the name of a bucket: 3 to 63 lower-case letters, digits, '-' and '.'",
    show: { .text($0) }, parse: { $0 })
  static let prefix = Shape<String>.pattern(
    "(?:[A-Za-z0-9._-]+(?:/[A-Za-z0-9._-]+)*)?", "a prefix such as team/requests, without '/' at either end",
    show: { .text($0) }, parse: { $0 })
}
