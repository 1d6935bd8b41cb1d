// Conditions, places and values as text, in one canonical form.
#include <fmt/format.h>

#include "scenarios/import/litmus.h"

namespace isobar::scenarios {
namespace {

enum Binding : unsigned { kImplies, kOr, kAnd, kNot };

std::string proposition_text(const LitmusProposition& p, unsigned binding) {
  using Kind = LitmusProposition::Kind;
  const auto joined = [&](const char* with, unsigned mine) {
    std::string s;
    for (const LitmusProposition& part : p.parts) s += (s.empty() ? "" : with) + proposition_text(part, mine);
    return mine < binding ? "(" + s + ")" : s;
  };
  switch (p.kind) {
    case Kind::True: return "true";
    case Kind::False: return "false";
    case Kind::Equal: {
      const bool array = p.value.kind == LitmusValue::Kind::List && p.place.kind == LitmusPlace::Kind::Memory;
      return (array ? p.place.name : to_text(p.place)) + "=" + to_text(p.value);
    }
    case Kind::Fault: return to_text(p.place);
    case Kind::Not: return "not (" + proposition_text(p.parts[0], kImplies) + ")";
    case Kind::And: return joined(" /\\ ", kAnd);
    case Kind::Or: return joined(" \\/ ", kOr);
    case Kind::Implies: return joined(" => ", kImplies);
  }
  return {};
}

}  // namespace

std::string to_text(const LitmusValue& v) {
  switch (v.kind) {
    case LitmusValue::Kind::Number: return fmt::format("{}", static_cast<i64>(v.number));
    case LitmusValue::Kind::Address:
      return v.index != 0    ? fmt::format("{}[{}]", v.text, v.index)
             : v.number != 0 ? fmt::format("{}+{}", v.text, v.number)
             : v.tag.empty() ? v.text
                             : v.text + ":" + v.tag;
    case LitmusValue::Kind::Tag: return ":" + v.text;
    case LitmusValue::Kind::Label: return fmt::format("label:\"P{}:{}\"", v.thread, v.text);
    case LitmusValue::Kind::Instruction:
      return v.text == "NOP" ? v.text : fmt::format("instr:\"{}\"", v.text);
    case LitmusValue::Kind::Descriptor:
    case LitmusValue::Kind::Unmodelled: return v.text;
    case LitmusValue::Kind::List: break;
  }
  std::string s;
  for (const LitmusValue& element : v.list) s += (s.empty() ? "" : ",") + to_text(element);
  return "{" + s + "}";
}

std::string to_text(const LitmusPlace& p) {
  switch (p.kind) {
    case LitmusPlace::Kind::Register: {
      std::string s = fmt::format("{}:{}", p.thread, p.name);
      return p.arrangement.empty() ? s : s + "." + p.arrangement;
    }
    case LitmusPlace::Kind::Memory:
      return p.index ? fmt::format("{}[{}]", p.name, *p.index) : fmt::format("[{}]", p.name);
    case LitmusPlace::Kind::Tag:
      return p.offset == 0 ? fmt::format("[tag({})]", p.name) : fmt::format("[tag({}+{})]", p.name, p.offset);
    case LitmusPlace::Kind::Unmodelled: return p.bracketed ? "[" + p.name + "]" : p.name;
    case LitmusPlace::Kind::Fault: break;
  }
  std::string s = fmt::format("fault(P{}", p.thread);
  if (!p.name.empty()) s += ":" + p.name;
  for (const std::string& d : p.details) s += "," + d;
  return s + ")";
}

std::string condition_text(const LitmusTest& test) {
  const char* quantifier = test.quantifier == LitmusQuantifier::Exists      ? "exists"
                           : test.quantifier == LitmusQuantifier::NotExists ? "~exists"
                                                                            : "forall";
  return fmt::format("{} ({})", quantifier, proposition_text(test.condition, kImplies));
}

}  // namespace isobar::scenarios
