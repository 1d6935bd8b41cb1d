#include "scenarios/loader/yaml_trees.h"

namespace isobar::scenarios {

namespace {
thread_local Trees* recorded_trees = nullptr;
}  // namespace

TreeRecorder::TreeRecorder(Trees& trees) : before_(recorded_trees) { recorded_trees = &trees; }

TreeRecorder::~TreeRecorder() { recorded_trees = before_; }

Trees* TreeRecorder::current() { return recorded_trees; }

std::string describe(const Node& n) {
  switch (n.kind) {
    case Node::Kind::Null: return "nothing";
    case Node::Kind::Scalar: return "the text " + scenarios::quoted(n.text);
    case Node::Kind::Sequence: return "a list";
    case Node::Kind::Map: return "a map";
  }
  return {};
}

}  // namespace isobar::scenarios
