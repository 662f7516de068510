// SPDX-License-Identifier: MIT
#pragma once

#include <aha/core/parallel.hpp>
#include <cstddef>
#include <exception>
#include <mutex>
#include <string_view>
#include <vector>

#include "../arguments.hpp"

/// Text of Python as views, and loops over it without the interpreter lock.
namespace aha_python {

/// A str's UTF-8 or the bytes themselves; `owner` keeps them alive. Lone surrogates, which no UTF-8 has, come as the
/// three bytes that they would have, which every text function here reads as ill-formed.
struct text_view {
  std::string_view text;
  py::object owner;
};

/// The one text of an argument.
text_view text_of(py::handle value, argument where);

/// True where an argument is one text.
inline bool is_text(py::handle value) { return PyUnicode_Check(value.ptr()) || PyBytes_Check(value.ptr()); }

/// The texts of a list, tuple or other ordered iterable. The owners are held, so that another thread may change the list
/// while nobody has the lock.
class text_list {
 public:
  text_list(py::handle value, argument where);
  std::size_t size() const { return texts_.size(); }
  std::string_view operator[](std::size_t i) const { return texts_[i].text; }

 private:
  std::vector<text_view> texts_;
};

/// The entries of an ordered iterable, held.
std::vector<py::object> entries_of(py::handle value, argument where, std::string_view expected);

/// f(i) for every row on `threads` threads (0 all) without the interpreter lock; each row writes to its own place, so the
/// number of threads changes nothing. Of exceptions the one of the first row is thrown.
template <class F>
void for_each_row(std::size_t rows, int threads, F const& f) {
  std::exception_ptr failed;
  std::size_t first = rows;
  std::mutex lock;
  {
    py::gil_scoped_release const released;
    aha::thread_executor{threads}.run(static_cast<std::int64_t>(rows), [&](std::int64_t i) {
      auto const row = static_cast<std::size_t>(i);
      try {
        f(row);
      } catch (...) {
        std::lock_guard<std::mutex> const held(lock);
        if (row < first) first = row, failed = std::current_exception();
      }
    });
  }
  if (failed) std::rethrow_exception(failed);
}

}  // namespace aha_python
