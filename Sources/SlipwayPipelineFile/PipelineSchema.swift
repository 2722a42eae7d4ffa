package import Foundation
internal import SlipwayModel

/// The JSON Schema of pipeline files, made from the same definition that reads them.
package enum PipelineSchema {
  /// Where editors find the schema when no local copy is named.
  package static let identifier = "https://slipway.dev/schema/pipeline.json"

  /// The schema as JSON (draft 2020-12), readable, the same bytes each time.
  package static func json() throws -> Data {
    var schema: Schema = PipelineGrammar.shape.schema.described(
      "A Slipway pipeline: environments and how a release moves between them.")
    schema["$schema"] = .text("https://json-schema.org/draft/2020-12/schema")
    schema["$id"] = .text(identifier)
    schema["title"] = .text("Slipway pipeline")
    return try CanonicalJSON.encodeReadable(SchemaValue.object(schema))
  }
}
