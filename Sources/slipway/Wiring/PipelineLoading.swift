internal import Foundation
internal import SlipwayModel
internal import SlipwayPipelineFile

/// Reads the pipeline file for a command.
enum PipelineLoading {
  static func load(_ url: URL, shown path: String) throws -> Pipeline {
    switch PipelineFile.read(contentsOf: url.path, shownAs: path) {
    case .success(let document): return document.pipeline
    case .failure(let problems): throw CommandError(.badInput, problems.description)
    }
  }
}
