#include "scenarios/loader/yaml.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <map>
#include <sstream>

#include "scenarios/loader/prescan.h"
#include "scenarios/loader/yaml_trees.h"

namespace isobar::scenarios {

namespace {

/// Leaves the parser from within an event.
struct Abort {};

/// Builds the tree from the parser's events, which carry exact places (the finished nodes of yaml-cpp do
/// not).
class TreeBuilder final : public YAML::EventHandler {
 public:
  TreeBuilder(const std::vector<std::string_view>& lines, Problems& problems)
      : lines_(lines), problems_(problems) {}

  Node take_root() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Node n;
    place(n, mark);
    check_properties(n, "", anchor);
    // yaml-cpp gives an absent value the place of what follows it.
    if (const Node* key = pending_key()) {
      n.line = key->line;
      n.column = key->column;
    }
    add(std::move(n));
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    fail(
        mark,
        "aliases (*name) are not part of the scenario format; a condition that starts with '*' needs quotes");
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    Node n;
    n.kind = Node::Kind::Scalar;
    n.text = value;
    place(n, mark);
    check_properties(n, tag, anchor);
    set_style(n);
    n.verbatim = n.text_line <= lines_.size() && n.text_column - 1 <= lines_[n.text_line - 1].size() &&
                 lines_[n.text_line - 1].substr(n.text_column - 1, n.text.size()) == n.text;
    add(std::move(n));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(Node::Kind::Sequence, mark, tag, anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(Node::Kind::Map, mark, tag, anchor);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Open {
    Node node;
    std::map<std::string, u32> lines_of_keys;
  };

  [[noreturn]] void fail(u32 line, u32 column, std::string message) {
    problems_.add(line, column, std::move(message));
    throw Abort{};
  }
  [[noreturn]] void fail(const YAML::Mark& mark, std::string message) {
    fail(static_cast<u32>(mark.line + 1), static_cast<u32>(mark.column + 1), std::move(message));
  }

  void place(Node& n, const YAML::Mark& mark) {
    n.line = n.text_line = static_cast<u32>(mark.line + 1);
    n.column = n.text_column = static_cast<u32>(mark.column + 1);
  }
  char source_character(const Node& n) const {
    if (n.line == 0 || n.line > lines_.size() || n.column > lines_[n.line - 1].size()) return '\0';
    return lines_[n.line - 1][n.column - 1];
  }

  void check_properties(const Node& n, const std::string& tag, YAML::anchor_t anchor) {
    const char c = source_character(n);
    if (anchor != 0) {
      fail(n.line, n.column,
           "anchors (&name) are not part of the scenario format; a text that starts with '&' needs "
           "quotes");
    }
    if ((!tag.empty() && tag != "?" && tag != "!") || c == '!') {
      fail(n.line, n.column,
           "tags (!name) are not part of the scenario format; a condition that starts with '!' needs "
           "quotes");
    }
  }

  void set_style(Node& n) const {
    switch (source_character(n)) {
      case '|':
      case '>': {
        n.style = source_character(n) == '|' ? Node::Style::Literal : Node::Style::Folded;
        n.text_line = n.line + 1;
        n.text_column = 1;
        for (std::size_t i = n.line; i < lines_.size(); ++i) {
          const std::size_t first = lines_[i].find_first_not_of(' ');
          if (first == std::string_view::npos) continue;
          n.text_column = static_cast<u32>(first + 1);
          break;
        }
        return;
      }
      case '"':
      case '\'':
        n.style = Node::Style::Quoted;
        n.text_column = n.column + 1;
        return;
      default: return;
    }
  }

  const Node* pending_key() const {
    if (stack_.empty() || stack_.back().node.kind != Node::Kind::Map) return nullptr;
    const Node& map = stack_.back().node;
    return map.keys.size() > map.items.size() ? &map.keys.back() : nullptr;
  }

  void open(Node::Kind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    Node n;
    n.kind = kind;
    place(n, mark);
    check_properties(n, tag, anchor);
    if (stack_.size() >= kMaxYamlDepth) {
      fail(n.line, n.column, fmt::format("maps and lists are nested more than {} deep", kMaxYamlDepth));
    }
    stack_.push_back({std::move(n), {}});
  }
  void close() {
    Node n = std::move(stack_.back().node);
    stack_.pop_back();
    add(std::move(n));
  }

  void add(Node n) {
    if (stack_.empty()) {
      root_ = std::move(n);
      return;
    }
    Open& parent = stack_.back();
    if (parent.node.kind == Node::Kind::Sequence || pending_key() != nullptr) {
      parent.node.items.push_back(std::move(n));
      return;
    }
    if (n.kind != Node::Kind::Scalar) fail(n.line, n.column, "a key is a word, not " + describe(n));
    const auto [it, fresh] = parent.lines_of_keys.emplace(n.text, n.line);
    if (!fresh) {
      problems_.add(n.line, n.column,
                    fmt::format("key {} is already given on line {}", scenarios::quoted(n.text), it->second));
    }
    parent.node.keys.push_back(std::move(n));
  }

  const std::vector<std::string_view>& lines_;
  Problems& problems_;
  Node root_;
  std::vector<Open> stack_;
};

/// yaml-cpp's message in the words of this format, with the usual cause.
std::string explain(const YAML::ParserException& e, const std::vector<std::string_view>& lines) {
  std::string message = "not YAML: " + e.msg;
  const std::size_t n = static_cast<std::size_t>(std::max(0, e.mark.line));
  const std::string_view line = n < lines.size() ? lines[n] : std::string_view();
  for (const char* key : {"never:", "sometimes:", "always:"}) {
    const std::size_t at = line.find(key);
    if (at == std::string_view::npos) continue;
    const std::size_t value = line.find_first_not_of(' ', at + std::string_view(key).size());
    if (value != std::string_view::npos &&
        std::string_view("[!&*{|>%@`").find(line[value]) != std::string_view::npos) {
      return message + "; a condition that starts with '" + line[value] + "' needs quotes";
    }
  }
  if (e.msg == YAML::ErrorMsg::MAP_VALUE) {
    message += "; is the line indented as its neighbours are, and is a text with ': ' in quotes?";
  } else if (e.msg == YAML::ErrorMsg::END_OF_MAP) {
    message += "; is the line indented as its neighbours are?";
  }
  return message;
}

}  // namespace

Node parse_yaml(std::string_view text, Problems& problems) {
  if (text.substr(0, 3) == "\xef\xbb\xbf") text.remove_prefix(3);
  if (!check_encoding(text, problems)) problems.throw_if_any();
  const std::vector<std::string_view> lines = split_lines(text);
  check_layout(lines, problems);
  problems.throw_if_any();

  std::istringstream stream{std::string(text)};
  TreeBuilder tree(lines, problems);
  try {
    YAML::Parser parser(stream);
    if (!parser.HandleNextDocument(tree)) {
      problems.add(1, 1, "the file is empty; a scenario has at least name, description, threads and expect");
      throw Abort{};
    }
    Node root = tree.take_root();
    TreeBuilder second(lines, problems);
    if (parser.HandleNextDocument(second)) {
      const Node extra = second.take_root();
      problems.add(extra.line, extra.column, "a second document (after '---'); a file holds one scenario");
      throw Abort{};
    }
    if (Trees* const trees = TreeRecorder::current()) trees->insert_or_assign(std::string(text), root);
    return root;
  } catch (const Abort&) {
    problems.throw_if_any();
  } catch (const YAML::ParserException& e) {
    problems.add(static_cast<u32>(std::max(0, e.mark.line) + 1),
                 static_cast<u32>(std::max(0, e.mark.column) + 1), explain(e, lines));
    problems.throw_if_any();
  } catch (const YAML::Exception& e) {
    problems.add(0, 0, std::string("not YAML: ") + e.what());
    problems.throw_if_any();
  }
  throw InternalError("a YAML error was reported without a message");
}

}  // namespace isobar::scenarios
