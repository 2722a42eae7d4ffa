/// Where requests for approval are put for people to read.
package struct RequestsSpec: Codable, Sendable, Equatable {
  /// A folder, relative to the pipeline file's; one that a drive syncs will do.
  package var folder: String?
  package var s3: BucketSpec?

  package init(folder: String? = nil, s3: BucketSpec? = nil) {
    self.folder = folder
    self.s3 = s3
  }
}

/// A bucket of a store that speaks S3, addressed by path.
package struct BucketSpec: Codable, Sendable, Equatable {
  /// Such as `https://s3.eu-central-1.amazonaws.com`, without the bucket.
  package var endpoint: String
  package var region: String
  package var bucket: String
  /// Stands before every key; empty for none.
  package var prefix: String
  package var accessKey: SecretText
  package var secretKey: SecretText
  /// Where people read what lies in the bucket, when that is another address; the key is put behind it.
  package var link: String?

  package init(
    endpoint: String, region: String = "us-east-1", bucket: String, prefix: String = "", accessKey: SecretText,
    secretKey: SecretText, link: String? = nil
  ) {
    self.endpoint = endpoint
    self.region = region
    self.bucket = bucket
    self.prefix = prefix
    self.accessKey = accessKey
    self.secretKey = secretKey
    self.link = link
  }
}
