// Small programs, each of which shows what one rule or clause is for.
#pragma once

#include <string>
#include <vector>

#include "tests/model/bench.h"

namespace isobar {

/// A program for the machine, and, if it stays within user level, for the enumeration of candidates. Registers are
/// those of Bench; if there is a label `patch`, X19 is its address, X18 the encoding of NOP, X16 that of STR W0, [X20], and
/// X17 the address of the label `second`.
struct Witness {
  std::string name;
  std::vector<std::string> threads;
  std::vector<std::string> observed;
  unsigned tso = 0;  ///< mask of TSO cores
  model::TsoFlavour flavour = model::TsoFlavour::T1;
  u8 el = 0;
  bool idc = false, dic = false;
  std::vector<std::string> pages = {};  ///< see Bench::pages()
  std::string vectors = {};  ///< exception vectors; empty: no kernel
  model::TagChecks tags = model::TagChecks::Off;  ///< see Bench::tags(); Off: no tags at all

  model::Bench bench() const;
};

/// Every program, in a fixed order.
const std::vector<Witness>& witnesses();

}  // namespace isobar
