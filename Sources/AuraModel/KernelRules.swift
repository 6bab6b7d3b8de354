/// The rules by which run kernels decide, numbered so that a record stays what it was.
///
/// A run keeps the rules that it was admitted under, over restarts and upgrades: whoever folds its
/// record later gets the decisions that stand in it. What a model is told, and which commands follow
/// from an answer, only ever changes under a new number.
package enum KernelRules {
    /// 1: the calls of an answer are made one after the other; an admission without a number.
    package static let first = 1
    /// 2: what is pure is done together, commands can go on in the background, files can be changed
    /// by a patch, and the model is told the project's notes.
    package static let together = 2
    /// 3: an agent whose tree does not change is told so, and then stopped.
    package static let current = 3
}

/// How a model changes files: which tool it is given for that.
///
/// Models know one of them by heart and stumble over the others.
package enum EditForm: String, Hashable, Sendable, Codable, CaseIterable {
    /// `edit_file` replaces exact text, `write_file` writes whole files.
    case exact
    /// `apply_patch` takes patches of several files, `write_file` whole files.
    case patch
    /// `write_file` alone.
    case whole

    /// What suits a model of this name when nothing is said: models of OpenAI know patches, and
    /// those for whom any server may stand behind the name replace text.
    package static func standard(model: String) -> Self {
        let name = model.lowercased()
        // A router's prefix, such as `openai/`, says nothing of the model.
        let bare = name.split(separator: "/").last.map(String.init) ?? name
        let isOfOpenAI = ["gpt-4.1", "gpt-5", "o3", "o4", "codex"].contains { bare.hasPrefix($0) }
        return isOfOpenAI || bare.contains("codex") ? .patch : .exact
    }
}
