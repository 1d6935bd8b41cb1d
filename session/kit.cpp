#include "session/kit.h"

#include <fmt/format.h>

#include <charconv>
#include <nlohmann/json.hpp>
#include <utility>

#include "session/stepper.h"
#include "support/diagnostic.h"

namespace isobar::session {

namespace {

using Json = nlohmann::ordered_json;
using scenarios::Node;

/// Random runs of which every version of code is looked at, and the steps of each.
constexpr unsigned kKitRuns = 20, kKitSteps = 1000;

[[noreturn]] void refuse_kit(const std::string& why) { throw InputError(Diagnostic{{}, "this is no kit: " + why}); }

std::string hex(const std::vector<u8>& bytes) {
  std::string out;
  out.reserve(2 * bytes.size());
  for (const u8 b : bytes) fmt::format_to(std::back_inserter(out), "{:02x}", b);
  return out;
}

std::vector<u8> bytes_of(const std::string& text) {
  if (text.size() % 2 != 0) refuse_kit("half a byte");
  std::vector<u8> out(text.size() / 2);
  for (std::size_t i = 0; i < out.size(); ++i) {
    const char* const at = text.data() + 2 * i;
    if (std::from_chars(at, at + 2, out[i], 16).ptr != at + 2) refuse_kit("not a byte: " + text.substr(2 * i, 2));
  }
  return out;
}

Json json_of(const Node& n) {
  Json out = {static_cast<unsigned>(n.kind), static_cast<unsigned>(n.style), n.line, n.column, n.text_line, n.text_column};
  const auto list = [](const std::vector<Node>& nodes) {
    Json all = Json::array();
    for (const Node& node : nodes) all.push_back(json_of(node));
    return all;
  };
  if (n.kind == Node::Kind::Scalar) {
    out.push_back(n.verbatim);
    out.push_back(n.text);
  } else if (n.kind != Node::Kind::Null) {
    out.push_back(list(n.items));
    if (n.kind == Node::Kind::Map) out.push_back(list(n.keys));
  }
  return out;
}

Node node_of(const Json& o) {
  Node n;
  n.kind = static_cast<Node::Kind>(o.at(0).get<u8>());
  n.style = static_cast<Node::Style>(o.at(1).get<u8>());
  n.line = o.at(2);
  n.column = o.at(3);
  n.text_line = o.at(4);
  n.text_column = o.at(5);
  switch (n.kind) {
    case Node::Kind::Null: break;
    case Node::Kind::Scalar:
      n.verbatim = o.at(6);
      n.text = o.at(7);
      break;
    case Node::Kind::Map:
      for (const Json& key : o.at(7)) n.keys.push_back(node_of(key));
      [[fallthrough]];
    case Node::Kind::Sequence:
      for (const Json& item : o.at(6)) n.items.push_back(node_of(item));
      break;
    default: refuse_kit("a node of no kind");
  }
  if (n.kind == Node::Kind::Map && n.keys.size() != n.items.size()) refuse_kit("a key without a value");
  return n;
}

Json json_of(const isa::Answers::Text& t) {
  Json errors = Json::array();
  for (const Diagnostic& d : t.errors) errors.push_back({d.where.file, d.where.line, d.where.column, d.message});
  Json labels = Json::object();
  for (const auto& [name, address] : t.assembly.labels) labels[name] = address;
  return {t.assembly.base, hex(t.assembly.bytes), labels, t.assembly.line_of_word, errors};
}

isa::Answers::Text text_of(const Json& o) {
  isa::Answers::Text t;
  t.assembly.base = o.at(0);
  t.assembly.bytes = bytes_of(o.at(1));
  for (const auto& [name, address] : o.at(2).items()) t.assembly.labels.emplace(name, address.get<u64>());
  for (const Json& line : o.at(3)) t.assembly.line_of_word.push_back(line);
  for (const Json& d : o.at(4)) t.errors.push_back({{d.at(0), d.at(1), d.at(2)}, d.at(3)});
  return t;
}

Kit parts_of(const Json& o) {
  Kit kit;
  for (const Json& t : o.at("texts")) kit.answers.texts.emplace(Digest{t.at(0), t.at(1)}, text_of(t.at(2)));
  for (const Json& w : o.at("words")) {
    isa::Answers::Word word{std::nullopt, w.at(2)};
    if (!w.at(1).is_null()) word.word = w.at(1).get<u32>();
    kit.answers.words.emplace(w.at(0), std::move(word));
  }
  for (const Json& i : o.at("instructions"))
    kit.answers.instructions.emplace(std::pair(i.at(0).get<u32>(), i.at(1).get<u64>()), i.at(2));
  for (const Json& t : o.at("trees")) kit.trees.emplace(t.at(0), node_of(t.at(1)));
  return kit;
}

}  // namespace

Json json(const Kit& kit) {
  Json texts = Json::array(), words = Json::array(), instructions = Json::array(), trees = Json::array();
  for (const auto& [key, text] : kit.answers.texts) texts.push_back({key.a, key.b, json_of(text)});
  for (const auto& [instruction, w] : kit.answers.words)
    words.push_back({instruction, w.word ? Json(*w.word) : Json(nullptr), w.why});
  for (const auto& [key, text] : kit.answers.instructions) instructions.push_back({key.first, key.second, text});
  for (const auto& [text, tree] : kit.trees) trees.push_back({text, json_of(tree)});
  return {{"format", kKitFormat}, {"texts", texts}, {"words", words}, {"instructions", instructions}, {"trees", trees}};
}

Kit kit_of(const Json& o) {
  try {
    if (o.at("format") != kKitFormat) refuse_kit("its format is not " + std::string(kKitFormat));
    return parts_of(o);
  } catch (const Json::exception& e) {
    refuse_kit(e.what());
  }
}

void KitRecorder::ask_for_words(const Workload& w) {
  for (const model::Segment& s : w.machine->program().segments) {
    for (u64 at = 0; at + 4 <= s.bytes.size(); at += 4) {
      u32 word = 0;
      for (unsigned b = 0; b < 4; ++b) word |= u32{s.bytes[at + b]} << (8 * b);
      if (word != 0 && kit_.answers.instructions.count({word, s.base + at}) == 0) isa::disassemble(word, s.base + at);
    }
  }
}

void KitRecorder::ask_for_versions(const Workload& w) {
  Stepper stepper(w);
  for (unsigned run = 0; run < kKitRuns; ++run) {
    stepper.replace({});
    for (unsigned n = 0; n < kKitSteps && stepper.play(Pick::Random, run * kKitSteps + n + 1, 1) != 0; ++n) {
      for (const model::CodeWord& word : stepper.state().storage.code) {
        for (const u32 value : word.values) {
          if (kit_.answers.instructions.count({value, word.addr}) == 0) isa::disassemble(value, word.addr);
        }
      }
    }
  }
}

}  // namespace isobar::session
