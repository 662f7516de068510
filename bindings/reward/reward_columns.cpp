// SPDX-License-Identifier: MIT
#include "reward_columns.hpp"

#include <aha/core/bfloat16.hpp>
#include <aha/core/float16.hpp>
#include <limits>

#include "lengths.hpp"
#include "texts.hpp"

namespace aha_python {
namespace {

namespace reward = aha::reward;

constexpr double no_value = std::numeric_limits<double>::quiet_NaN();

template <class Stored, class F>
void widen(array_view const& a, std::vector<double>& to, F const& f) {
  auto const* const from = static_cast<Stored const*>(a.data);
  for (std::size_t i = 0; i < to.size(); ++i) to[i] = f(from[static_cast<std::int64_t>(i) * a.stride[0]]);
}

}  // namespace

bool is_array(py::handle value) {
  if (py::isinstance<py::array>(value)) {
    std::string const kind = py::str(value.attr("dtype").attr("kind"));
    return kind != "O" && kind != "U" && kind != "S" && kind != "T";
  }
  return !is_text(value) && py::hasattr(value, "__dlpack__");
}

template <class Unit>
bool reward_column::take_lengths(py::handle value) {
  if (!py::isinstance<length_value<Unit>>(value)) return false;
  auto const& lengths = value.cast<length_value<Unit> const&>();
  has_unit_ = true;
  unit_ = reward::kind_of_unit<Unit>;
  own_values_.assign(lengths.counts.begin(), lengths.counts.end());
  return true;
}

void reward_column::take_outcomes(py::object outcomes) {
  auto const& c = outcomes.cast<outcome_columns const&>();
  owner_ = std::move(outcomes);
  values_ = c.value.data();
  statuses_ = c.status.data();
  size_ = c.size();
}

void reward_column::take_array(array_view array, argument where) {
  array_ = std::move(array);
  from_array_ = true;
  if (array_.rank != 1) wrong_value(where, "1 dimension", aha::text(array_.rank, ": ", shape_text(array_)));
  size_ = static_cast<std::size_t>(array_.shape[0]);
  if (array_.type == dtype::f64 && array_.unit_inner_stride()) {
    values_ = static_cast<double const*>(array_.data);
    return;
  }
  own_values_.resize(size_);
  auto const plain = [](auto x) { return static_cast<double>(x); };
  auto const half = [](auto x) { return static_cast<double>(aha::to_float(x)); };
  switch (array_.type) {
    case dtype::f64: return widen<double>(array_, own_values_, plain);
    case dtype::f32: return widen<float>(array_, own_values_, plain);
    case dtype::f16: return widen<aha::float16>(array_, own_values_, half);
    case dtype::bf16: return widen<aha::bfloat16>(array_, own_values_, half);
    case dtype::i64: return widen<std::int64_t>(array_, own_values_, plain);
    case dtype::i32: return widen<std::int32_t>(array_, own_values_, plain);
    case dtype::u8: return widen<std::uint8_t>(array_, own_values_, plain);
    case dtype::boolean:
      return widen<std::uint8_t>(array_, own_values_, [](std::uint8_t x) { return x != 0 ? 1.0 : 0.0; });
    default: wrong_type(where, "bool, uint8, an integer or a floating-point dtype", aha_python::name_of(array_));
  }
}

void reward_column::take_list(py::handle value, argument where) {
  std::vector<py::object> const entries =
      entries_of(value, where, "an array, outcomes, lengths, or a list of numbers, None and outcomes");
  own_values_.reserve(entries.size());
  own_statuses_.reserve(entries.size());
  for (py::object const& entry : entries) {
    reward::outcome o;
    if (py::isinstance<reward::outcome>(entry)) {
      o = entry.cast<reward::outcome const&>();
    } else if (!entry.is_none()) {
      if (PyNumber_Check(entry.ptr()) == 0) {
        wrong_type(where, "numbers, None and outcomes",
                   aha::text(kind_of_object(entry), " at row ", own_values_.size()));
      }
      o.value = number_of(entry, where, no_value);
      o.status = reward::status::scored;
    }
    own_values_.push_back(o.value);
    own_statuses_.push_back(o.status);
  }
}

reward_column::reward_column(py::handle value, std::string const& name, char const* function) : name_(name) {
  std::string const place =
      name.empty() ? std::string("columns") : aha::text("columns[", aha_python::quoted(name), "]");
  argument const where{function, place.c_str()};
  if (py::isinstance<outcome_columns>(value)) {
    take_outcomes(py::reinterpret_borrow<py::object>(value));
  } else if (take_lengths<reward::tokens>(value) || take_lengths<reward::characters>(value)) {
    size_ = own_values_.size();
  } else if (is_array(value)) {
    take_array(view_of(value, where), where);
  } else if (py::object const outcomes = py::getattr(value, "outcomes", py::none());
             py::isinstance<outcome_columns>(outcomes)) {
    take_outcomes(outcomes);
  } else {
    take_list(value, where);
    size_ = own_values_.size();
  }
}

reward::component reward_column::view() const {
  double const* const values = values_ != nullptr ? values_ : own_values_.data();
  reward::status const* const statuses = statuses_ != nullptr ? statuses_ : own_statuses_.data();
  bool const has_statuses = statuses_ != nullptr || !own_statuses_.empty();
  auto const n = static_cast<std::int64_t>(size_);
  return reward::component(
      aha::span<double const>(values, n),
      has_statuses ? aha::span<reward::status const>(statuses, n) : aha::span<reward::status const>(), name_);
}

group_ids::group_ids(py::handle value, argument where) {
  if (is_array(value)) {
    array_ = view_of(value, where);
    if (array_.rank != 1) wrong_value(where, "1 dimension", aha::text(array_.rank, ": ", shape_text(array_)));
    view_ = index_of(array_, where);
    return;
  }
  py::dict known;
  for (py::object const& entry : entries_of(value, where, "integers, or a list of ids")) {
    py::int_ const next(static_cast<std::int64_t>(known.size()));
    PyObject* const id = PyDict_SetDefault(known.ptr(), entry.ptr(), next.ptr());
    if (id == nullptr) {
      if (PyErr_ExceptionMatches(PyExc_TypeError) == 0) throw py::error_already_set();
      PyErr_Clear();
      wrong_type(where, "ids that can be keys of a dict", aha::text(kind_of_object(entry), " at row ", own_.size()));
    }
    own_.push_back(PyLong_AsLongLong(id));
  }
  view_ = aha::index_view<>(own_);
}

}  // namespace aha_python
