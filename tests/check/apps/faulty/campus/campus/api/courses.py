from fastapi import APIRouter, HTTPException
from sqlmodel import select

from ..deps import DbSession
from ..models import Course, CourseOut, Student

router = APIRouter(prefix="/courses", tags=["courses"])


@router.get("/{course_id}")
async def read_course(course_id: int, db: DbSession) -> CourseOut:
    query = select(Course).where(Course.id == course_id)
    if (course := (await db.exec(query)).one_or_none()) is None:  # fault: MW301
        raise HTTPException(404)
    return course


@router.post("/{course_id}/students/{student_id}", status_code=204)
async def enrol(course_id: int, student_id: int, db: DbSession) -> None:
    course, student = await db.get(Course, course_id), await db.get(Student, student_id)
    if course is None or student is None:
        raise HTTPException(404)
    course.students.append(student)  # fault: MW302
    await db.commit()


@router.get("")
async def list_courses(db: DbSession) -> list[Course]:
    return (await db.exec(select(Course).order_by(Course.title))).all()  # fault: MW303
