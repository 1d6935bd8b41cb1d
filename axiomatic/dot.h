// Execution graphs as DOT text for Graphviz: one column per core, program order downwards.
#pragma once

#include <string>

#include "axiomatic/explain.h"

namespace isobar::axiomatic {

/// Which relations to draw.
struct DotOptions {
  bool po = true, rf = true, co = true, fr = true, rmw = true;
  bool addr = true, data = true, ctrl = true;
  bool barriers = true;           ///< DMB, DSB and context synchronisation events as boxes
  Disassembler disassemble;       ///< for node labels; may be empty
  const Violation* highlight = nullptr;  ///< its cycle is drawn in bold
};

/// Reads "po,rf,co,fr,rmw,addr,data,ctrl,barriers" into the switches of `options`; false at an unknown name.
bool select_relations(const std::string& list, DotOptions& options);

/// Stable: the same execution gives the same text.
std::string to_dot(const Program& p, const DotOptions& options = {});

}  // namespace isobar::axiomatic
