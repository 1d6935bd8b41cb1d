// Taking down what is said on the way, without everybody on the way knowing of it.
#pragma once

namespace isobar {

/// While it lives, what the calling thread would add to a `Notes` is added to `notes`.
template <class Notes>
class Recorder {
 public:
  explicit Recorder(Notes& notes) : before_(current_) { current_ = &notes; }
  ~Recorder() { current_ = before_; }
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  /// Of the innermost recorder of this thread; nullptr if there is none.
  static Notes* current() { return current_; }

 private:
  static inline thread_local Notes* current_ = nullptr;
  Notes* before_;
};

}  // namespace isobar
