#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <iterator>
#include <set>
#include <sstream>

#include "scenarios/import/litmus_code.h"
#include "scenarios/loader/reader.h"
#include "scenarios/mapping/mapping.h"
#include "scenarios/mapping/mapping_expand.h"
#include "support/read_file.h"

namespace isobar::scenarios {
namespace {

constexpr unsigned kMaxExtends = 4;
constexpr std::size_t kMaxLines = 64;  ///< of one sequence

const Section& mapping_section() {
  static const Section s{"mapping",
                         {"title", "description", "source", "extends", "take", "requires", "tso",
                          "tso_flavour", "threads", "merge_barriers", "blocks", "operations"}};
  return s;
}

const Section& blocks_section() {
  static const Section s{"blocks",
                         {"count_vector_stores", "before_first_store", "before_last_store",
                          "after_last_store", "after_stores", "store_period"}};
  return s;
}

const std::vector<std::string>& feature_words() {
  static const std::vector<std::string> words{"LSE", "LSE2", "RCPC", "RCPC2", "RCPC3"};
  return words;
}

/// Instructions by how they begin, and the feature that has them (Arm ARM A2.3).
struct Needs {
  std::string_view prefix, feature;
};
constexpr std::array<Needs, 22> kNeeds{
    {{"ldapur q", "RCPC3"}, {"ldapur d", "RCPC3"}, {"ldapur s", "RCPC3"}, {"stlur q", "RCPC3"},
     {"stlur d", "RCPC3"},  {"stlur s", "RCPC3"},  {"ldiapp", "RCPC3"},   {"stilp", "RCPC3"},
     {"ldap1", "RCPC3"},    {"stl1", "RCPC3"},     {"ldapur", "RCPC2"},   {"stlur", "RCPC2"},
     {"ldapr", "RCPC"},     {"ldadd", "LSE"},      {"ldset", "LSE"},      {"ldclr", "LSE"},
     {"ldeor", "LSE"},      {"stadd", "LSE"},      {"stset", "LSE"},      {"stclr", "LSE"},
     {"swp", "LSE"},        {"cas", "LSE"}}};

/// "load.32" is "load" and 4.
struct OperationName {
  const MappingOperation* operation = nullptr;
  unsigned size = 0;  ///< bytes; 0: any
};

OperationName operation_named(const std::string& key) {
  const std::size_t dot = key.find('.');
  const std::string base = key.substr(0, dot);
  OperationName r;
  for (const MappingOperation& o : mapping_operations())
    if (o.name == base) r.operation = &o;
  if (r.operation == nullptr || dot == std::string::npos) return r;
  for (const unsigned bits : {8u, 16u, 32u, 64u, 128u})
    if (key.substr(dot + 1) == std::to_string(bits)) r.size = bits / 8;
  if (r.size == 0 || !r.operation->sized) r.operation = nullptr;
  return r;
}

class Loader {
 public:
  Loader(std::string_view text, const std::string& file, unsigned depth)
      : text_(text), problems_(file), depth_(depth) {
    m_.file = file;
    m_.name = std::filesystem::path(file).stem().string();
  }

  Mapping load() {
    const Node root = parse_yaml(text_, problems_);
    const MapReader map(root, mapping_section(), problems_);
    if (const Node* n = map.find("extends")) extend(*n);
    if (const Node* n = map.find("take")) take(*n);
    texts(map);
    settings(map);
    if (const Node* n = map.find("blocks")) blocks(*n);
    if (const Node* n = map.require("operations")) operations(*n);
    problems_.throw_if_any();
    check_complete(root);
    for (const auto& [name, sequence] : own_) check(name, sequence);
    problems_.throw_if_any();
    check_inherited(map.find("requires") != nullptr ? *map.find("requires") : root);
    problems_.throw_if_any();
    return std::move(m_);
  }

 private:
  /// Another mapping of the same folder.
  std::optional<Mapping> other(const Node& n, const std::string& name) {
    if (depth_ == kMaxExtends) {
      problem(problems_, n, "mappings extend each other too deeply");
      return std::nullopt;
    }
    const std::string file = (std::filesystem::path(m_.file).parent_path() / (name + ".yaml")).string();
    std::error_code error;
    if (!std::filesystem::is_regular_file(file, error)) {
      problem(problems_, n, fmt::format("there is no mapping {}", file));
      return std::nullopt;
    }
    return Loader(read_file(file), file, depth_ + 1).load();
  }

  void extend(const Node& n) {
    const std::optional<std::string> name = read_text(n, problems_, "extends");
    std::optional<Mapping> base = name ? other(n, *name) : std::nullopt;
    if (!base) return;
    base->file = m_.file;
    base->name = m_.name;
    base->sources.clear();
    m_ = std::move(*base);
    extended_ = true;
  }

  /// `take: {mapping: [operation...]}`: the sequences of these operations, of all sizes.
  void take(const Node& n) {
    if (n.kind != Node::Kind::Map)
      return problem(problems_, n, "take is a map from names of mappings to operations");
    for (std::size_t i = 0; i < n.items.size(); ++i) {
      const std::optional<Mapping> from = other(n.keys[i], n.keys[i].text);
      if (!from) continue;
      for (const Node* item : one_or_several(n.items[i])) take_one(*item, *from);
    }
  }

  void take_one(const Node& n, const Mapping& from) {
    const auto of = [&](const auto& entry) { return entry.first.substr(0, entry.first.find('.')) == n.text; };
    if (std::none_of(from.operations.begin(), from.operations.end(), of))
      return problem(problems_, n,
                     fmt::format("{} has no sequence for {}", from.name, scenarios::quoted(n.text)));
    std::erase_if(m_.operations, of);
    std::copy_if(from.operations.begin(), from.operations.end(),
                 std::inserter(m_.operations, m_.operations.end()), of);
  }

  void texts(const MapReader& map) {
    if (const Node* n = map.require("title")) assign(m_.title, read_text(*n, problems_, "title"));
    if (const Node* n = map.require("description"))
      assign(m_.description, read_text(*n, problems_, "description"));
    if (const Node* n = map.require("source")) {
      for (const Node* item : one_or_several(*n))
        if (const auto text = read_text(*item, problems_, "source")) m_.sources.push_back(*text);
      if (m_.sources.empty()) problem(problems_, *n, "at least one source is needed");
    }
  }

  void settings(const MapReader& map) {
    if (const Node* n = map.find("requires")) {
      m_.requires_.clear();
      for (const Node* item : one_or_several(*n)) {
        if (const auto word = read_word(*item, problems_, "requires", feature_words()))
          m_.requires_.push_back(feature_words()[*word]);
      }
    }
    if (const Node* n = map.find("tso")) assign(m_.tso, read_bool(*n, problems_, "tso"));
    if (const Node* n = map.find("tso_flavour")) {
      const std::vector<std::string> words{"t1", "t2", "t3"};
      const auto word = read_word(*n, problems_, "tso_flavour", words);
      if (word) m_.tso_flavour = words[*word];
    }
    if (const Node* n = map.find("merge_barriers"))
      assign(m_.merge_barriers, read_bool(*n, problems_, "merge_barriers"));
    if (const Node* n = map.find("threads")) {
      const auto word = read_word(*n, problems_, "threads", {"single", "parallel"});
      if (word) m_.parallel = *word == 1;
    }
  }

  std::optional<MappingLine> barrier(const MapReader& map, const char* key) {
    const Node* n = map.find(key);
    if (n == nullptr) return std::nullopt;
    const std::optional<std::string> text = read_text(*n, problems_, key);
    if (!text) return std::nullopt;
    MappingLine line{*text, n->text_line, n->text_column};
    if (!is_barrier(*text)) problem(problems_, *n, fmt::format("{} is a barrier such as dmb ishst", key));
    own_.emplace_back(key, MappingSequence{{line}});
    return line;
  }

  void blocks(const Node& n) {
    const MapReader map(n, blocks_section(), problems_);
    MappingBlocks b;
    if (const Node* v = map.find("count_vector_stores"))
      assign(b.count_vector_stores, read_bool(*v, problems_, "count_vector_stores"));
    if (const Node* v = map.find("store_period"))
      assign(b.store_period, read_integer(*v, problems_, "store_period", 1, 64));
    b.before_first_store = barrier(map, "before_first_store");
    b.before_last_store = barrier(map, "before_last_store");
    b.after_last_store = barrier(map, "after_last_store");
    b.after_stores = barrier(map, "after_stores");
    m_.blocks = b;
  }

  void operations(const Node& n) {
    if (n.kind != Node::Kind::Map) return problem(problems_, n, "operations is a map from names to A64 code");
    std::vector<std::string> names;
    for (const MappingOperation& o : mapping_operations()) names.emplace_back(o.name);
    for (std::size_t i = 0; i < n.items.size(); ++i) {
      const Node& key = n.keys[i];
      if (operation_named(key.text).operation == nullptr) {
        problem(
            problems_, key,
            fmt::format("unknown operation {}{}", scenarios::quoted(key.text), suggestion(key.text, names)));
        continue;
      }
      const MappingSequence s = sequence(n.items[i]);
      own_.emplace_back(key.text, s);
      m_.operations[key.text] = s;
    }
  }

  MappingSequence sequence(const Node& n) {
    MappingSequence s;
    if (n.kind != Node::Kind::Scalar) {
      problem(problems_, n, "expected A64 code; '' is a sequence without instructions");
      return s;
    }
    std::istringstream in(n.text);
    u32 line = n.text_line;
    for (std::string text; std::getline(in, text); ++line) {
      const std::size_t comment = text.find("//");
      if (comment != std::string::npos) text.erase(comment);
      const std::size_t first = text.find_first_not_of(" \t");
      if (first == std::string::npos) continue;
      text = text.substr(first, text.find_last_not_of(" \t") + 1 - first);
      s.lines.push_back({text, line, n.text_column + static_cast<u32>(first)});
    }
    if (s.lines.size() > kMaxLines) problem(problems_, n, fmt::format("more than {} lines", kMaxLines));
    return s;
  }

  void check_complete(const Node& root) {
    if (extended_) return;
    for (const MappingOperation& o : mapping_operations()) {
      const bool there = std::any_of(m_.operations.begin(), m_.operations.end(), [&](const auto& entry) {
        return operation_named(entry.first).operation == &o;
      });
      if (o.required && !there) problem(problems_, root, fmt::format("operation '{}' is missing", o.name));
    }
    problems_.throw_if_any();
  }

  static MappingValues sample_values(const std::string& name) {
    const OperationName known = operation_named(name);
    const unsigned size = known.size != 0                                   ? known.size
                          : name == "vector_load" || name == "vector_store" ? 16u
                                                                            : 4u;
    MappingValues values = common_values(size);
    std::istringstream placeholders(known.operation ? std::string(known.operation->placeholders) : "");
    for (std::string p; placeholders >> p;) values[p] = sample(p, size);
    return values;
  }

  /// Assembles a sequence with sample registers.
  void check(const std::string& name, const MappingSequence& s) {
    LitmusThread thread;
    try {
      expand(s, sample_values(name), "L_", std::nullopt, m_.file, thread);
    } catch (const InputError& e) {
      return problems_.add(e);
    }
    LitmusLabels labels;
    labels.of_thread.resize(1);
    for (const LitmusLabel& l : thread.labels) labels.of_thread[0][l.name] = 4 * u64{l.index};
    for (u32 i = 0; i < thread.code.size(); ++i) {
      try {
        assemble_litmus(thread.code[i], 4 * u64{i}, 0, labels, m_.file);
      } catch (const InputError& e) {
        problems_.add(e);
      }
      check_feature(thread.code[i]);
    }
  }

  static std::string sample(const std::string& p, unsigned size) {
    static const std::map<std::string, unsigned> kPairs{{"c0", 16}, {"c1", 17}, {"n0", 20}, {"n1", 21}};
    if (p == "a" || p == "sp" || p == "d") return "X24";
    if (p == "op") return "add";
    if (p == "lse") return "ldadd";
    if (p == "n" || p == "s" || p == "t") return host_register(17, size);
    if (p == "q") return size == 16 ? "Q1" : size == 8 ? "D1" : "S1";
    if (p == "v") return "V1";
    if (p == "bytes") return std::to_string(size);
    const auto pair = kPairs.find(p);
    return pair != kPairs.end() ? host_register(pair->second, 8) : host_register(18, size);
  }

  /// The feature that an instruction needs and `requires` does not name.
  std::optional<std::string_view> missing_feature(const std::string& text) const {
    std::string lower = text;
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    const auto n = std::find_if(kNeeds.begin(), kNeeds.end(), [&](const Needs& k) {
      return lower.compare(0, k.prefix.size(), k.prefix) == 0;
    });
    if (n == kNeeds.end() ||
        std::find(m_.requires_.begin(), m_.requires_.end(), n->feature) != m_.requires_.end())
      return std::nullopt;
    return n->feature;
  }

  void check_feature(const LitmusInstruction& i) {
    if (const auto feature = missing_feature(i.text))
      problems_.add(i.where.line, i.where.column,
                    fmt::format("'{}' needs {}, which `requires` does not name", i.text, *feature));
  }

  /// Sequences of other files may need features that this one does not name.
  void check_inherited(const Node& place) {
    for (const auto& [name, s] : m_.operations) {
      LitmusThread thread;
      expand(s, sample_values(name), "L_", std::nullopt, m_.file, thread);
      for (const LitmusInstruction& i : thread.code) {
        if (const auto feature = missing_feature(i.text))
          problem(problems_, place,
                  fmt::format("{}: '{}' needs {}, which `requires` does not name", name, i.text, *feature));
      }
    }
  }

  std::string text_;
  Problems problems_;
  unsigned depth_;
  Mapping m_;
  bool extended_ = false;
  std::vector<std::pair<std::string, MappingSequence>> own_;  ///< sequences of this file
};

}  // namespace

const std::vector<MappingOperation>& mapping_operations() {
  static const std::vector<MappingOperation> all{
      {"load", true, true, "t a", "MOV and other reads: {t} := memory at {a}"},
      {"store", true, true, "t a", "MOV and other writes: memory at {a} := {t}"},
      {"vector_load", true, true, "q v a", "MOVDQA, MOVUPS: {q} := memory"},
      {"vector_store", true, true, "q v a", "memory := {q}"},
      {"push", false, false, "t sp", "PUSH; default: store, then RSP"},
      {"pop", false, false, "t sp", "POP; default: load, then RSP"},
      {"lock_rmw", true, true, "op lse s o a", "LOCK ADD, OR, AND, XOR, XADD ...: {o} := old value"},
      {"lock_add", true, false, "op lse s o a", "LOCK ADD, SUB, INC, DEC where flags do not matter"},
      {"lock_and", true, false, "op lse s o a", "LOCK AND"},
      {"lock_or", true, false, "op lse s o a", "LOCK OR"},
      {"lock_xor", true, false, "op lse s o a", "LOCK XOR, NOT"},
      {"lock_xadd", true, false, "op lse s o a", "LOCK XADD"},
      {"xchg", true, true, "s o a", "XCHG with memory: {o} := old value, memory := {s}"},
      {"lock_cmpxchg", true, true, "c n a",
       "LOCK CMPXCHG, failing or not: {c} is compared, then the old value"},
      {"lock_cmpxchg16b", false, true, "c0 c1 n0 n1 a", "LOCK CMPXCHG16B"},
      {"mfence", false, true, "", "MFENCE"},
      {"lfence", false, true, "", "LFENCE"},
      {"sfence", false, true, "", "SFENCE"},
      {"rep_movs", true, false, "t a d bytes", "one element of REP MOVS; default: load and store"},
  };
  return all;
}

const MappingSequence* Mapping::find(const std::string& operation, unsigned size) const {
  auto it = operations.find(fmt::format("{}.{}", operation, 8 * size));
  if (it == operations.end()) it = operations.find(operation);
  return it == operations.end() ? nullptr : &it->second;
}

Mapping parse_mapping(std::string_view text, const std::string& file) {
  return Loader(text, file, 0).load();
}

Mapping load_mapping(const std::string& file) {
  return parse_mapping(read_file(file), file);
}

}  // namespace isobar::scenarios
