// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/error.hpp>
#include <aha/core/span.hpp>

AHA_NAMESPACE_BEGIN

/// Where the arrays of a call lie in the caller's workspace. One function of an engine takes them all, one after another,
/// for the size query (base null) and for the call: the layout is written once.
class workspace_layout {
 public:
  /// CUDA's allocators give at least this; vector loads and CUB rely on it.
  static constexpr std::int64_t alignment = 256;

  explicit workspace_layout(std::byte* base = nullptr) : base_(base) {}
  /// Room for n entries of T; null while sizes are asked for. Contents are whatever the memory held.
  template <class T>
  T* take(std::int64_t n) {
    std::int64_t const at = used_;
    used_ += (n * static_cast<std::int64_t>(sizeof(T)) + alignment - 1) / alignment * alignment;
    return base_ == nullptr ? nullptr : reinterpret_cast<T*>(base_ + at);
  }
  [[nodiscard]] std::int64_t bytes() const { return used_; }

 private:
  std::byte* base_;
  std::int64_t used_ = 0;
};

/// A workspace that is large enough and aligned.
inline status check_workspace(std::string_view function, span<std::byte, device> workspace, std::int64_t needed) {
  if (workspace.size() < needed || (workspace.data_handle() == nullptr && needed > 0)) {
    return bad_argument(function, "workspace", text("at least ", needed, " bytes"), to_text(workspace.size()));
  }
  if (reinterpret_cast<std::uintptr_t>(workspace.data_handle()) % workspace_layout::alignment != 0) {
    return bad_argument(function, "workspace", text("an address divisible by ", workspace_layout::alignment),
                        "another");
  }
  return {};
}

AHA_NAMESPACE_END
